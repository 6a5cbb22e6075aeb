#pragma once

// Real text with things planted in it that a program can check an answer for.

#include <cstdio>
#include <random>
#include <string>
#include <vector>

struct planted_question {
    const char * task; // "fact" or "pair"
    std::string  text;
    std::string  answer;
};

struct planted_text {
    std::string text;
    std::vector<planted_question> questions;
};

static constexpr const char * PLANTED_MODULES[] = {
    "payment", "search", "billing", "upload", "session", "report", "mailer", "archive", "quota", "invoice", "catalog", "shipping",
    "profile", "webhook", "audit", "thumbnail",
};

static inline std::string random_digits(std::mt19937 & rng, int n) {
    std::string res;
    for (int i = 0; i < n; ++i) {
        res += (char) ('1' + rng() % 9);
    }
    return res;
}

// a line between two of the text, at this share of it
static inline void plant(std::string & text, double at, const std::string & line) {
    const size_t end = text.find('\n', (size_t) (at*text.size()));
    text.insert(end == std::string::npos ? text.size() : end + 1, line + "\n");
}

// n_facts comments at even depths, and a file of n_pairs random pairs in the middle, of which n_asked are asked for
static inline planted_text plant_all(std::string text, int n_facts, int n_pairs, int n_asked, unsigned seed) {
    std::mt19937 rng(seed);
    planted_text res;
    std::vector<std::string> facts;
    for (int i = 0; i < n_facts; ++i) {
        const std::string module = PLANTED_MODULES[i % (sizeof(PLANTED_MODULES)/sizeof(*PLANTED_MODULES))];
        const std::string number = random_digits(rng, 5);
        facts.push_back("// The release key of the " + module + " module is " + number + ".");
        res.questions.push_back({ "fact", "What is the release key of the " + module + " module? Answer with the number only.", number });
    }
    std::string pairs = "### config/tokens.json\n{\n";
    for (int i = 0; i < n_pairs; ++i) {
        const std::string key = random_digits(rng, 6), value = random_digits(rng, 6);
        pairs += "  \"" + key + "\": \"" + value + "\",\n";
        if (i % (n_pairs/n_asked) == 0 && (int) res.questions.size() < n_facts + n_asked) {
            res.questions.push_back({ "pair", "In config/tokens.json, what is the value of \"" + key + "\"? Answer with the number only.", value });
        }
    }
    pairs += "}";
    for (int i = n_facts - 1; i >= 0; --i) { // from the end, so that earlier places stay where they are
        if (i == n_facts/2) {
            plant(text, 0.5, pairs);
        }
        plant(text, (i + 0.3)/n_facts, facts[i]);
    }
    res.text = std::move(text);
    return res;
}
