// recipe_apply.h - fills the options that a recipe sets and that no flag or config file has set.
#pragma once
#include "proreg/run/options.h"
#include "proreg/run/recipe.h"

const Recipe *recipe_of(const Options *o);       // of --recipe; NULL: none

// Without --recipe: does nothing. Where the recipe leaves the domains to the user and the options
// name those of one side only, the other side gets the rest; to train, one must be named. With
// --lists the domains become list files.
Status recipe_apply(Options *o);

// An array of the names of those published fields with which this run trains: a flag or a file that
// gives another value takes the field out. After setup of the method, for a verb that trains.
void recipe_published(const Options *o, JsonOut *out);
