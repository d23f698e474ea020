// The system header, as one importable module.
#pragma once
#include <zlib.h>
