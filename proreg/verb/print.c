// print.c - results on stdout.
#include "proreg/verb/print.h"

#include <stdio.h>

Status print_json(JsonOut *lines)
{
    Status status = json_out_status(lines);
    if (status == OK && lines->size) printf("%s\n", lines->text);
    json_out_free(lines);
    return status;
}
