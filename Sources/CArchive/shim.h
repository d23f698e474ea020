// The system header, as one importable module.
#pragma once
#include <archive.h>
#include <archive_entry.h>
