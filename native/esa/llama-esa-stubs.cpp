// Not there yet.
#include "llama-esa-impl.h"
#include "llama-esa-projections.h"
#include <stdexcept>
std::unique_ptr<llama_esa_projections> llama_esa_projections::load(const char *, const llama_model &) { throw std::runtime_error("ESA: projections are not there yet"); }
struct llama_esa_calibration * llama_esa_calibration_init(struct llama_model *, uint32_t, enum llama_esa_vote, int32_t) { return nullptr; }
enum llama_esa_status llama_esa_calibration_add(struct llama_esa_calibration *, const llama_token *, size_t, bool (*)(void *), void *) { return LLAMA_ESA_UNSUPPORTED; }
enum llama_esa_status llama_esa_calibration_save(struct llama_esa_calibration *, const char *, bool (*)(int32_t, int32_t, void *), void *) { return LLAMA_ESA_UNSUPPORTED; }
void llama_esa_calibration_free(struct llama_esa_calibration *) {}
