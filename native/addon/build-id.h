#pragma once

// Content hash of everything that this build was made of; alone in its file, since it changes with every change.
const char * longsight_build_id();
