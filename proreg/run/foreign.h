// foreign.h - what a checkpoint's folder holds besides its own files.
//
// Only a folder that is a checkpoint, and holds nothing but what was written there with it, is ever
// replaced or removed. Its files are those that state.json lists, while it is as it was written;
// else (earlier versions list none) any of the names that a checkpoint's files have.
#pragma once
#include "tensor/base/file.h"

// *is: a folder with a state.json, and no link to one. foreign: the first name in it, in order,
// that is no file of it; "": none, or no folder. Temporary names (file.h) are passed over.
Status checkpoint_look(bool *is, char foreign[256], const char *path);

// ERR_IO: something is there that may not be replaced; it is named. OK where nothing is.
// began: also one without state.json, if its files have a checkpoint's names.
Status checkpoint_spare(const char *path, bool began);
