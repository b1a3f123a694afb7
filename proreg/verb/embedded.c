// embedded.c - the files of weights/world as bytes of the program. The assembler copies them
// (.incbin, of gcc and clang, on ELF and Mach-O); the Makefile says whether they are there.
#include "proreg/verb/embedded.h"

#if defined(HAVE_WORLD_MODEL) && defined(__APPLE__)
#define BEGIN ".section __TEXT,__const\n"
#define END ".text\n"
#define SYMBOL "_"
#elif defined(HAVE_WORLD_MODEL)
#define BEGIN ".pushsection .rodata\n"
#define END ".popsection\n"
#define SYMBOL ""
#endif

#ifdef HAVE_WORLD_MODEL
#define FILE_BYTES(id, name)                                                              \
    __asm__(BEGIN ".balign 64\n"                                                          \
            ".globl " SYMBOL "embedded_" #id "\n" SYMBOL "embedded_" #id ":\n"            \
            ".incbin \"weights/world/" name "\"\n"                                        \
            ".globl " SYMBOL "embedded_" #id "_end\n" SYMBOL "embedded_" #id "_end:\n"    \
            ".byte 0\n" END);                                                             \
    extern const uint8_t embedded_##id[], embedded_##id##_end[]

FILE_BYTES(config, "config.json");
FILE_BYTES(pixels, "preprocessor_config.json");
FILE_BYTES(weights, "model.safetensors");
FILE_BYTES(vocab, "vocab.json");
FILE_BYTES(merges, "merges.txt");
FILE_BYTES(tokens, "tokenizer_config.json");
FILE_BYTES(special, "special_tokens_map.json");
#endif

const EmbeddedFile embedded_model[] = {
#ifdef HAVE_WORLD_MODEL
    { "config.json", embedded_config, embedded_config_end },
    { "preprocessor_config.json", embedded_pixels, embedded_pixels_end },
    { "model.safetensors", embedded_weights, embedded_weights_end },
    { "vocab.json", embedded_vocab, embedded_vocab_end },
    { "merges.txt", embedded_merges, embedded_merges_end },
    { "tokenizer_config.json", embedded_tokens, embedded_tokens_end },
    { "special_tokens_map.json", embedded_special, embedded_special_end },
#endif
    { NULL, NULL, NULL },
};
