# proreg.c - build, test, measure. `make help` prints the targets.
# CC, CFLAGS and LDFLAGS are yours to set; V=1 shows every command; B=dir builds elsewhere;
# NAMES="test_a test_b" limits `make test` to these programs, TEST=word to cases named so;
# RUN=command starts the test programs through an emulator. GNU make 3.81 or newer.

CC       ?= cc
CFLAGS   ?= -O3 -g
VARIANT  ?= release
B        ?= build/$(VARIANT)

# -ffp-contract=off is part of the bits contract: no compiler may fuse a*b+c by itself.
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla
BASE     := -std=c11 -D_GNU_SOURCE -D_DARWIN_C_SOURCE \
            -ffp-contract=off -pthread -I. $(WARN)

# What each variant adds. `make asan` is `make VARIANT=asan test` with more time for each program.
# Without -fno-var-tracking gcc takes minutes for the plain kernels.
SAN      := -O1 -g -fno-omit-frame-pointer -fno-var-tracking -fno-sanitize-recover=all
FLAGS_release :=
FLAGS_debug   := -O1 -g -DDEBUG
FLAGS_asan    := $(SAN) -fsanitize=address,undefined -DDEBUG
FLAGS_tsan    := $(SAN) -fsanitize=thread
FLAGS_grad    := -DREAL=double
FLAGS_fuzz    := $(SAN) -fsanitize=fuzzer-no-link,address,undefined
ALL_CFLAGS    := $(CFLAGS) $(BASE) $(FLAGS_$(VARIANT)) $(WERROR)

# These change results; no macro tells a header of some of them (tensor/base/strict.h).
INEXACT  := -ffast-math -Ofast -ffinite-math-only -funsafe-math-optimizations -fassociative-math \
            -freciprocal-math -fno-signed-zeros -fapprox-func -ffp-model=fast \
            -fsingle-precision-constant -fcx-limited-range -mrecip
ifneq (,$(filter $(INEXACT),$(CC) $(CFLAGS)))
$(error $(filter $(INEXACT),$(CC) $(CFLAGS)): changes results: build without it)
endif

# The cpu device is compiled once per instruction set; the best one is chosen at run time.
MACHINE  := $(shell $(CC) -dumpmachine)
ifneq (,$(filter x86_64% amd64%,$(MACHINE)))
ISAS     := scalar avx2 avx512
else ifneq (,$(filter aarch64% arm64%,$(MACHINE)))
ISAS     := scalar neon
else
ISAS     := scalar
endif
ifeq ($(VARIANT),grad)
ISAS     :=                      # in double there is the reference alone
endif
ISA_avx2   := -mavx2 -mfma -mf16c
ISA_avx512 := -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma -mf16c
ISA_DEFS := $(foreach i,$(ISAS),-DHAVE_ISA_$(i))

# Any other folder of tensor/ holds a device of its own (tensor/PORTING.md), which the build in
# double leaves out.
PORTS    := $(filter-out tensor/base/ tensor/cpu/,$(sort $(dir $(wildcard tensor/*/*.c))))
DIRS     := tensor/base tensor $(if $(filter grad,$(VARIANT)),,$(PORTS:/=)) nn \
            weights clip/bpe clip data/image data/set data/world \
            proreg proreg/run proreg/page proreg/verb
SRC      := $(wildcard $(DIRS:%=%/*.c))
OBJ      := $(SRC:%.c=$(B)/%.o) $(B)/tensor/cpu/peak.o $(ISAS:%=$(B)/tensor/cpu/cpu.%.o)
HEADS    := $(if $(wildcard train.c),$(B)/bin/proreg)
NAMES    ?= $(patsubst test/%.c,%,$(wildcard test/test_*.c))
FUZZ     := $(patsubst test/fuzz/fuzz_%.c,%,$(wildcard test/fuzz/fuzz_*.c))
BENCH    := $(patsubst test/bench/%.c,$(B)/%,$(wildcard test/bench/bench_*.c))

# Gradients are judged in double (tensor/README.md), so these tests are built as the variant grad.
GRAD     := test_grad test_loss
GRAD_B   := $(if $(filter build/release,$(B)),build/grad,$(B)-grad)
DEBUGS   := $(if $(filter debug asan,$(VARIANT)),,test_debug)     # not in builds without asserts
TESTS    := $(addprefix $(B)/,$(filter-out $(GRAD) $(DEBUGS),$(NAMES)))
GRADS    := $(addprefix $(GRAD_B)/,$(filter $(GRAD),$(NAMES)))
REPLAYS  := $(FUZZ:%=$(B)/fuzz_%_replay)

# Those that open a device run again on one whose memory is far from the host's (tensor/far.c).
uses      = $(patsubst test/%.c,%,$(shell grep -l '$(1)' test/test_*.c))
ON_FAR   := $(filter $(addprefix %/,$(call uses,device_open)),$(TESTS) $(GRADS))

Q        := $(if $(V),,@)
say       = $(if $(V),,@echo "  $(1)"$(if $(2), "$(2)"))

MAKEFLAGS += --no-print-directory

.SECONDARY:
.SUFFIXES:
.DELETE_ON_ERROR:

all: build/proreg ## build build/proreg (release; the folder proreg/ has taken the shorter name)

# By content: another variant, compiler or B may have put a younger one there.
build/proreg: $(B)/bin/proreg FORCE
	$(Q)mkdir -p $(@D)
	$(Q)cmp -s $< $@ || { cp $< $@.new && mv $@.new $@; }

# Where `make install` puts things; DESTDIR stands before all of it, for packages.
PREFIX  ?= /usr/local
BINDIR  := $(DESTDIR)$(PREFIX)/bin
MANDIR  := $(DESTDIR)$(PREFIX)/share/man/man1
BASHDIR := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSHDIR  := $(DESTDIR)$(PREFIX)/share/zsh/site-functions

install: $(B)/bin/proreg ## install the program, its man page and completions (PREFIX=, DESTDIR=)
	$(Q)mkdir -p '$(BINDIR)' '$(MANDIR)' '$(BASHDIR)' '$(ZSHDIR)'
	$(Q)$(RUN) $< help --man >'$(MANDIR)/proreg.1'
	$(Q)$(RUN) $< help --bash >'$(BASHDIR)/proreg'
	$(Q)$(RUN) $< help --zsh >'$(ZSHDIR)/_proreg'
	$(Q)cp $< '$(BINDIR)/proreg'

uninstall: ## remove what `make install` has put there
	$(Q)rm -f '$(BINDIR)/proreg' '$(MANDIR)/proreg.1' '$(BASHDIR)/proreg' '$(ZSHDIR)/_proreg'

$(B)/bin/proreg: $(B)/train.o $(OBJ)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(LINK)

$(B)/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(NO_VECTORS) $(HAVE_MODEL) $(ISA_DEFS) -MMD -MP -c -o $@ $<

# gcc 12 for ARM crashes where it vectorizes a maximum by fmax, which only tests have.
$(B)/test/%.o: NO_VECTORS := -fno-tree-vectorize

# The demo's model travels in the program.
WORLD_MODEL := $(wildcard weights/world/*)
$(B)/proreg/verb/embedded.o: $(WORLD_MODEL)
$(B)/proreg/verb/embedded.o: \
    HAVE_MODEL := $(if $(filter %.safetensors,$(WORLD_MODEL)),-DHAVE_WORLD_MODEL)

define isa_rule
$(B)/tensor/cpu/cpu.$(1).o: tensor/cpu/cpu.c $(B)/flags
	$$(call say,CC,$$< $(1))
	$(Q)mkdir -p $$(@D)
	$(Q)$$(CC) $$(ALL_CFLAGS) $$(ISA_$(1)) -DISA_$(1) -DISA=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$(i))))

# Changes only when the compiler or its flags do, and then everything is built anew.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' >$@
FORCE:

LINK = $(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -lm

$(B)/test_%: $(B)/test/test_%.o $(OBJ)
	$(call say,LINK,$@)
	$(LINK)

# These run the program itself.
$(addprefix $(B)/,$(call uses,"test/\(program\|a_run\).h")): $(B)/bin/proreg

# Where the C library lets itself be stood before (glibc), and no sanitizer does so already.
$(B)/shim.so: test/sweep/shim.c $(B)/flags
	$(Q)$(CC) $(CFLAGS) -std=gnu11 -shared -fPIC -o $@ $< -ldl 2>$@.log || \
	    { rm -f $@; echo "  no shim.so: $@.log"; }
ifneq (,$(filter release debug,$(VARIANT)))
$(B)/test_sweep: | $(B)/shim.so
endif

$(B)/port: $(B)/test/port.o $(OBJ)
	$(call say,LINK,$@)
	$(LINK)

$(B)/bench_%: $(B)/test/bench/bench_%.o $(OBJ)
	$(call say,LINK,$@)
	$(LINK)

$(B)/fuzz_%_replay: $(B)/test/fuzz/fuzz_%.o $(B)/test/fuzz/replay.o $(OBJ)
	$(call say,LINK,$@)
	$(LINK)

$(B)/fuzz_%: $(B)/test/fuzz/fuzz_%.o $(OBJ)
	$(call say,LINK,$@)
	$(LINK) -fsanitize=fuzzer

# ---- tests --------------------------------------------------------------------------------------
# `make test` judges whatever the variables describe: a variant, a compiler, an emulated machine.

tests: $(HEADS) $(TESTS) $(REPLAYS)
	$(Q)$(if $(GRADS),$(MAKE) VARIANT=grad B=$(GRAD_B) $(GRADS))

test: tests ## build and run all tests (under 3 minutes on 2 cores; no network, no Python)
	$(Q)CC='$(CC)' RUN='$(RUN)' PROREG=$(B)/bin/proreg SHIM_SO=$(B)/shim.so sh test/run.sh \
	    $(CHECKS) $(TESTS) $(GRADS) \
	    $(foreach t,$(ON_FAR),'DEVICE=far $t') \
	    $(foreach f,$(FUZZ),'$(B)/fuzz_$(f)_replay test/fuzz/corpus/$(f)')

CHECKS   := $(if $(filter release,$(VARIANT)),test/layers.sh test/style.sh test/headers.sh \
               test/limits.sh)

layers style headers limits: ## who includes whom; widths; each header alone; run.sh ends all
	$(Q)CC='$(CC)' sh test/$@.sh

grad: ## the tests that judge gradients, in double
	$(Q)$(MAKE) VARIANT=grad B=$(GRAD_B) $(GRAD:%=$(GRAD_B)/%) && sh test/run.sh $(GRAD:%=$(GRAD_B)/%)

debug asan tsan: ## build and run the tests with asserts, AddressSanitizer + UBSan, ThreadSanitizer
	$(Q)LIMIT=900 $(MAKE) VARIANT=$@ test

# Each says in one line that it was skipped when its tool is missing.
needs     = command -v $(1) >/dev/null || { echo "skip $@: no $(1)"; exit 0; };

test-gcc test-clang: test-%: ## the tests as built by this compiler, warnings being errors
	$(Q)$(call needs,$*) $(MAKE) CC=$* B=build/$* WERROR=-Werror test

test-musl: ## the tests with another C library
	$(Q)$(call needs,musl-gcc) $(MAKE) CC=musl-gcc B=build/musl test

test-aarch64: ## the tests for 64-bit ARM, in an emulator
	$(Q)$(call needs,aarch64-linux-gnu-gcc) $(call needs,qemu-aarch64-static) \
	LIMIT=900 $(MAKE) CC=aarch64-linux-gnu-gcc B=build/aarch64 LDFLAGS=-static \
	    RUN=qemu-aarch64-static test

sweep: $(B)/test_sweep ## every verb with each call to the system failing, or a kill there (hours)
	$(Q)SWEEP=$${SWEEP:-1} PROREG=$(B)/bin/proreg SHIM_SO=$(B)/shim.so $<

bugs: tests ## plant each bug of test/bugs.txt and see its test fail; ONLY=word limits
	$(Q)MAKE='$(MAKE)' sh test/bugs.sh '$(ONLY)'

# PYTHON names one that has test/golden/requirements.txt.
PYTHON   ?= python3
modules   = $(PYTHON) -c 'import torch, safetensors, transformers, open_clip, PIL' 2>/dev/null || \
	{ echo "$@: not run: $(PYTHON) lacks test/golden/requirements.txt"; exit 1; };

parity: $(HEADS) ## a ViT-B/32 against PyTorch: vectors, twenty losses, weights (15 minutes)
	$(Q)$(modules) $(PYTHON) test/golden/parity.py --program $(B)/bin/proreg

interop: $(HEADS) ## exported runs and models, read and computed by transformers and open_clip
	$(Q)$(modules) PROREG=$(B)/bin/proreg $(PYTHON) test/interop/check_export.py && \
	    PROREG=$(B)/bin/proreg $(PYTHON) test/interop/check_open_clip.py

families: $(HEADS) ## each published family in each form, against open_clip and transformers
	$(Q)$(modules) PROREG=$(B)/bin/proreg $(PYTHON) test/interop/families.py

ALL      := test asan tsan test-gcc test-clang test-musl test-aarch64 sweep bugs parity interop \
            families
check-all: ## everything above from test on, one after another
	$(Q)failed=; for t in $(ALL); do echo "== $$t"; $(MAKE) $$t || failed="$$failed $$t"; done; \
	echo "check-all: failed:$${failed:- none}"; test -z "$$failed"

cov: ## which share of each file's lines the tests reach (gcov)
	$(Q)$(call needs,gcov) LIMIT=900 $(MAKE) B=build/cov CFLAGS='-O0 --coverage' test; \
	gcov -n $$(find build/cov build/cov-grad -name '*.gcda') 2>/dev/null | awk -F"[:%']" ' \
	    /^File/ { file = $$2 } /^Lines/ && $$2 + 0 >= best[file] + 0 { best[file] = $$2 } \
	    END { for (f in best) if (f !~ /^\/|^test/) print best[f] "%  " f }' | sort -n

fuzz: ## look for new inputs that crash a parser: make fuzz TARGET=jpeg SECONDS=1200 (clang)
	$(Q)$(call needs,clang) mkdir -p build/fuzz/corpus/$(TARGET) && \
	$(MAKE) CC=clang VARIANT=fuzz build/fuzz/fuzz_$(TARGET) && \
	build/fuzz/fuzz_$(TARGET) -max_total_time=$(or $(SECONDS),60) -timeout=10 -rss_limit_mb=2048 \
	    -artifact_prefix=build/fuzz/ build/fuzz/corpus/$(TARGET) test/fuzz/corpus/$(TARGET)

port: $(B)/port ## a new device: which kernels are right, which is next (DEVICE=name)
	$(Q)DEVICE='$(DEVICE)' $(B)/port

bench-kernels: $(B)/bench_kernels ## each kernel: time, rate, share of the peak (ARGS=--json)
	$(Q)$(B)/bench_kernels $(ARGS)

# With torchvision and the pictures, Pillow takes turns with ours; else ours alone.
peer      = [ -d "$(or $(ARGS),../shared/data/BAR)" ] && \
	$(PYTHON) -c 'import torchvision' 2>/dev/null
bench-data: $(B)/bench_data ## pictures to floats: each stage against Pillow (ARGS=FOLDER PYTHON=..)
	$(Q)if $(peer); then $(PYTHON) test/bench/bench_data.py $< $(ARGS); else \
	    echo "ours alone: no pictures (ARGS=FOLDER), or $(PYTHON) lacks torchvision (PYTHON=..)"; \
	    $< $(ARGS); fi

profile-data: $(B)/bench_data ## where decoding spends its time, by function (perf; ARGS=FOLDER)
	$(Q)$(call needs,perf) perf record -q -o $(B)/data.perf $< --decode $(ARGS) && \
	    perf report -i $(B)/data.perf --stdio -q --percent-limit 0.5 -F overhead,sym

demo: build/proreg ## what the paper is about, in two minutes and without a download
	$(Q)build/proreg demo --out build/demo

# ---- the drawn world (weights/world/README.md) ---------------------------------------------------

pretrain: build/proreg ## make the small CLIP of weights/world again, in build/world/model
	$(Q)sh weights/world/pretrain.sh build/proreg build/world

pretrain-check: build/proreg ## its first 50 steps, by the hash of the weights
	$(Q)sh weights/world/pretrain.sh build/proreg build/world 50 | \
	    cmp - weights/world/first50.sha256 && echo "ok   pretrain-check"

world-results: build/proreg ## the tables of weights/world/results.md again (Python, ten minutes)
	$(Q)python3 weights/world/results.py build/proreg weights/world build/world-results

bench: $(BENCH) ## build and run the benchmarks
	$(Q)for b in $(BENCH); do $$b || exit 1; done

-include $(wildcard $(B)/*.d $(B)/*/*.d $(B)/*/*/*.d)

clean: ## remove everything that was built
	rm -rf build

help: ## print this list
	@sed -n 's/^\([a-z][a-z0-9 -]*\):[^#]*## /  make \1 - /p' Makefile

.PHONY: all install uninstall tests test layers style headers limits grad debug asan tsan \
        test-gcc test-clang \
        test-musl test-aarch64 bugs parity interop families check-all cov fuzz bench bench-kernels \
        bench-data port profile-data demo pretrain pretrain-check world-results clean help FORCE
