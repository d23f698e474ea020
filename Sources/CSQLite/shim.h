// The system header, as one importable module.
#pragma once
#include <sqlite3.h>
