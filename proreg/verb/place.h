// place.h - may a verb write into this folder? One answer for all of them.
//
//     TRY(place_check(o, "out", o->out, &place_run, PLACE_NEW));
//
// Yes, if nothing is there, or an empty folder; or with --overwrite a folder that this program
// made, as its mark says. Folders that are replaced whole must hold nothing else, at any depth. In
// those that are filled in place (runs, demos) the files of others stay, and none may have the name
// of one of ours before the mark is there. What the command reads is never replaced. Nor do the
// folders of pictures that it walks over and its model get a folder of ours inside, nor a run those
// pictures, links followed: the next walk would take ours for theirs (ERR_USAGE). A run that lies
// there already is resumed.
#pragma once
#include "proreg/run/options.h"

typedef enum { PLACE_NEW, PLACE_OVERWRITE, PLACE_RESUME } PlaceHow;

typedef struct {
    const char *what;              // "a run"
    const char *mark;              // the file that tells; NULL: never replaced
    Status (*marked)(bool *yes, const char *folder);   // NULL: that the mark is there will do
    bool (*owns)(const char *name);    // a file below it; NULL: filled in place
    Status (*clash)(const char **name, const char *folder);    // in place: a name of ours there
    const char *advice;            // what to do about one that is there: "--overwrite replaces it"
} PlaceKind;

extern const PlaceKind place_run;      // config.json with a method of ours
#define PLACE_DEMO_MARK "# what the demo does"
extern const PlaceKind place_demo;     // commands.txt that begins with this
bool place_is_demo(const char *folder);        // false also where that cannot be told
extern const PlaceKind place_world;    // captions.tsv; each picture named as we name them
extern const PlaceKind place_model;    // of pretrain: pretrain.jsonl
extern const PlaceKind place_copy;     // of export and wise: for a new folder alone

// ERR_IO: the path is, or lies in, a folder with the name of a run's checkpoint, there or not yet.
Status place_outside(const char *flag, const char *path);

// Before any work is done; what killed processes have left there is swept up. `flag`: who named it.
Status place_check(const Options *o, const char *flag, const char *folder, const PlaceKind *kind,
                   PlaceHow how);
