#include "build-id.h"

#include "longsight-build-id.h" // written by build.mjs

const char * longsight_build_id() {
    return LONGSIGHT_BUILD_ID;
}
