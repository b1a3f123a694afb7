// run_page.h - report.html of a run.
#pragma once
#include "tensor/base/err.h"

Status run_page(const char *run);          // RUN/report.html
