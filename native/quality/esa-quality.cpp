// What a way of attending makes of a real model's answers, on the same prompts:
//   esa-quality MODEL.gguf CALIBRATION.txt TEXT.txt n_tokens [variant ...]
//
// A variant is `dense`, or `esa` with parameters behind commas: init=, local=, top=, eps=, d= (0: whole keys), vote=norm,
// scoring=content, positions=ordered|true, sketch=, share=, dense=. `esa,top=1` is sinks and a window. The first variant is what the others are
// compared with. For each:
//   loss     of the 128 tokens that follow the text, read one by one, in nats
//   KL       of the first variant's distributions from this one's, mean over these tokens
//   same     share of these tokens for which both hold the same token most likely
//   facts    sentences planted at even depths that are answered rightly
//   pairs    values of random keys in a planted JSON file that are answered rightly

#include "planted.h"
#include "support/session.h"

#include <chrono>
#include <fstream>
#include <sstream>

static constexpr int N_UBATCH      = 512;
static constexpr int N_FOLLOWING   = 128;
static constexpr int N_ANSWER      = 24;
static constexpr int N_CALIBRATION = 4096;

static std::string read_file(const char * path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    if (text.str().empty()) {
        tap::bail("%s: no text", path);
    }
    return text.str();
}

static tokens tokens_of(const llama_model * model, const std::string & text, bool special) {
    tokens res(text.size() + 8);
    res.resize(std::max(0, llama_tokenize(llama_model_get_vocab(model), text.data(), (int) text.size(), res.data(), (int) res.size(), special, special)));
    return res;
}

static std::string text_of(const llama_model * model, const tokens & t) {
    std::string res(16*t.size() + 16, 0);
    res.resize(std::max(0, llama_detokenize(llama_model_get_vocab(model), t.data(), (int) t.size(), &res[0], (int) res.size(), true, false)));
    return res;
}

// the chat template around what the user says
struct chat_frame {
    tokens before, after;

    explicit chat_frame(const llama_model * model) {
        const char * mark = "@@@@";
        const llama_chat_message chat[] = { { "system", "You answer questions about the files below." }, { "user", mark } };
        std::string text(4096, 0);
        const int n = llama_chat_apply_template(llama_model_chat_template(model, nullptr), chat, 2, true, &text[0], (int) text.size());
        if (n < 0 || text.find(mark) == std::string::npos) {
            tap::bail("the model has no chat template that llama.cpp knows");
        }
        text.resize(n);
        before = tokens_of(model, text.substr(0, text.find(mark)), true);
        after  = tokens_of(model, text.substr(text.find(mark) + strlen(mark)), true);
    }
};

struct variant {
    std::string name;
    bool dense = true;
    llama_esa_params esa = llama_esa_default_params();
    llama_esa_vote vote = LLAMA_ESA_VOTE_SUM;
    int n_proj = 64;

    explicit variant(const std::string & text) : name(text) {
        std::stringstream parts(text);
        std::string part;
        std::getline(parts, part, ',');
        dense = part == "dense";
        if (!dense && part != "esa") {
            tap::bail("unknown variant %s", text.c_str());
        }
        esa.trace = false;
        while (std::getline(parts, part, ',')) {
            const std::string key = part.substr(0, part.find('=')), value = part.substr(part.find('=') + 1);
            const uint32_t number = (uint32_t) atoi(value.c_str());
            if      (key == "init")      esa.n_init    = number;
            else if (key == "local")     esa.n_local   = number;
            else if (key == "top")       esa.n_top     = number;
            else if (key == "eps")       esa.proximity = number;
            else if (key == "sketch")    esa.n_sketch  = number;
            else if (key == "share")     esa.n_share   = number;
            else if (key == "dense")     esa.n_dense   = number;
            else if (key == "d")         n_proj        = (int) number;
            else if (key == "vote")      vote          = value == "norm" ? LLAMA_ESA_VOTE_NORM : LLAMA_ESA_VOTE_SUM;
            else if (key == "scoring")   esa.scoring   = value == "content" ? LLAMA_ESA_SCORING_CONTENT : LLAMA_ESA_SCORING_FAR;
            else if (key == "positions") esa.positions = value == "true" ? LLAMA_ESA_POSITIONS_TRUE : value == "ordered" ? LLAMA_ESA_POSITIONS_ORDERED : LLAMA_ESA_POSITIONS_FAR;
            else tap::bail("unknown parameter %s", part.c_str());
        }
    }

    std::string projections(llama_model * model, const scratch_dir & dir, const tokens & text, int n_threads) const {
        const std::string path = dir / ("projections-" + std::to_string(n_proj) + "-" + std::to_string(vote) + std::to_string(esa.scoring) + "-" + std::to_string(esa.n_local));
        if (std::filesystem::exists(path)) {
            return path;
        }
        llama_esa_calibration * cal = llama_esa_calibration_init(model, n_proj, vote, esa.scoring, esa.n_local, n_threads);
        if (!cal || llama_esa_calibration_add(cal, text.data(), text.size(), nullptr, nullptr) != LLAMA_ESA_OK ||
                llama_esa_calibration_save(cal, path.c_str(), nullptr, nullptr) != LLAMA_ESA_OK) {
            tap::bail("calibration: %s", llama_esa_last_error());
        }
        llama_esa_calibration_free(cal);
        return path;
    }
};

static std::vector<double> log_softmax(const logits & x) {
    const double max = *std::max_element(x.begin(), x.end());
    double total = 0.0;
    for (const float v : x) {
        total += std::exp(v - max);
    }
    std::vector<double> res(x.begin(), x.end());
    for (double & v : res) {
        v -= max + std::log(total);
    }
    return res;
}

static llama_token best_token(const logits & x) {
    return (llama_token) (std::max_element(x.begin(), x.end()) - x.begin());
}

int main(int argc, char ** argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: esa-quality MODEL.gguf CALIBRATION.txt TEXT.txt n_tokens [variant ...]\n");
        return 2;
    }
    init_backends(argv[0]);
    const model_ptr model = load_model(argv[1]);
    const auto * vocab = llama_model_get_vocab(model.get());
    const chat_frame frame(model.get());
    const int n_text    = atoi(argv[4]);
    const int n_threads = getenv("ESA_THREADS") ? atoi(getenv("ESA_THREADS")) : 2;

    tokens calibration = tokens_of(model.get(), read_file(argv[2]), false);
    calibration.resize(std::min<size_t>(calibration.size(), N_CALIBRATION));

    const tokens raw = tokens_of(model.get(), read_file(argv[3]), false);
    const int n_planted = 1500; // what the planted lines take, roughly
    if ((int) raw.size() < n_text + N_FOLLOWING || n_text < 2*n_planted) {
        tap::bail("%s has %d tokens, %d are asked for", argv[3], (int) raw.size(), n_text);
    }
    const planted_text planted = plant_all(text_of(model.get(), tokens(raw.begin(), raw.begin() + n_text - n_planted)), 16, 48, 16, 1);
    tokens prompt = frame.before;
    const tokens body = tokens_of(model.get(), planted.text, false);
    prompt.insert(prompt.end(), body.begin(), body.end());
    const tokens following(raw.begin() + n_text - n_planted, raw.begin() + n_text - n_planted + N_FOLLOWING);

    const scratch_dir dir;
    std::vector<std::vector<double>> first; // log-probabilities of the first variant
    printf("%s: %d tokens\n| variant | loss | KL | same | facts | pairs | prefill s |\n|---|---|---|---|---|---|---|\n", argv[1], (int) prompt.size());
    for (int i = 5; i < argc; ++i) {
        variant v(argv[i]);
        std::string projections;
        if (!v.dense && v.n_proj > 0) {
            projections = v.projections(model.get(), dir, calibration, n_threads);
            v.esa.projections = projections.c_str();
        }
        session s(model.get(), (int) prompt.size() + 512, N_UBATCH, v.dense ? nullptr : &v.esa, nullptr, n_threads);
        const auto t0 = std::chrono::steady_clock::now();
        logits next = s.feed(prompt, (int) prompt.size(), N_UBATCH);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - t0).count();

        auto forget = [&] {
            llama_memory_seq_rm(llama_get_memory(s.ctx.get()), 0, (llama_pos) prompt.size(), -1);
        };
        double loss = 0.0, kl = 0.0, same = 0.0;
        const bool is_first = first.empty();
        for (int t = 0; t < N_FOLLOWING; ++t) {
            const auto lp = log_softmax(next);
            if (is_first) {
                first.push_back(lp);
            }
            for (size_t j = 0; j < lp.size(); ++j) {
                kl += std::exp(first[t][j])*(first[t][j] - lp[j])/N_FOLLOWING;
            }
            loss -= lp[following[t]]/N_FOLLOWING;
            same += (std::max_element(lp.begin(), lp.end()) - lp.begin() == std::max_element(first[t].begin(), first[t].end()) - first[t].begin())/(double) N_FOLLOWING;
            next = s.decode(&following[t], 1);
        }
        forget();

        std::map<std::string, std::pair<int, int>> right; // of how many
        for (const auto & q : planted.questions) {
            tokens ask = tokens_of(model.get(), "\n\n" + q.text, false);
            ask.insert(ask.end(), frame.after.begin(), frame.after.end());
            next = s.decode(ask.data(), (int) ask.size());
            tokens answer;
            for (int t = 0; t < N_ANSWER; ++t) {
                answer.push_back(best_token(next));
                if (llama_vocab_is_eog(vocab, answer.back())) {
                    break;
                }
                next = s.decode(&answer.back(), 1);
            }
            forget();
            const std::string said = text_of(model.get(), answer);
            right[q.task].first += said.find(q.answer) != std::string::npos;
            right[q.task].second++;
            if (getenv("ESA_ANSWERS")) {
                fprintf(stderr, "%s: %s -> %s (%s)\n", v.name.c_str(), q.text.c_str(), said.c_str(), q.answer.c_str());
            }
        }
        printf("| %s | %.3f | %.4f | %.3f | %d of %d | %d of %d | %.0f |\n", v.name.c_str(), loss, kl, same,
            right["fact"].first, right["fact"].second, right["pair"].first, right["pair"].second, seconds);
        fflush(stdout);
    }
    return 0;
}
