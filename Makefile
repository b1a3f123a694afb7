# proreg.c - build, test, measure. `make help` prints the targets.
# CC, CFLAGS and LDFLAGS are yours to set; V=1 shows every command; B=dir builds elsewhere.

CC       ?= cc
CFLAGS   ?= -O3 -g
VARIANT  ?= release
B        ?= build/$(VARIANT)

# -ffp-contract=off is part of the bits contract: no compiler may fuse a*b+c by itself.
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla
BASE     := -std=c11 -D_GNU_SOURCE -D_DARWIN_C_SOURCE \
            -ffp-contract=off -pthread -I. $(WARN)

# What each variant adds. `make asan` is `make VARIANT=asan` with its own folder of objects.
SAN      := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all
FLAGS_release :=
FLAGS_debug   := -O0 -g -DDEBUG
FLAGS_asan    := $(SAN) -fsanitize=address,undefined -DDEBUG
FLAGS_tsan    := $(SAN) -fsanitize=thread
FLAGS_grad    := -DREAL=double
ALL_CFLAGS    := $(CFLAGS) $(BASE) $(FLAGS_$(VARIANT)) $(WERROR)

# The cpu device is compiled once per instruction set; the best one is chosen at run time.
MACHINE  := $(shell $(CC) -dumpmachine)
ifneq (,$(filter x86_64% amd64%,$(MACHINE)))
ISAS     := scalar avx2 avx512
else ifneq (,$(filter aarch64% arm64%,$(MACHINE)))
ISAS     := scalar neon
else
ISAS     := scalar
endif
ISA_avx2   := -mavx2 -mfma -mf16c
ISA_avx512 := -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma -mf16c
ISA_DEFS := $(foreach i,$(ISAS),-DHAVE_ISA_$(i))

DIRS     := tensor nn weights clip data proreg
SRC      := $(wildcard $(DIRS:%=%/*.c))
OBJ      := $(SRC:%.c=$(B)/%.o) $(if $(wildcard tensor/cpu/cpu.c),$(ISAS:%=$(B)/tensor/cpu/cpu.%.o))
TESTS    := $(patsubst test/%.c,$(B)/%,$(wildcard test/test_*.c))
GRAD     := test_grad test_loss

Q        := $(if $(V),,@)
say       = $(if $(V),,@echo "  $(1)"$(if $(2), "$(2)"))

.SECONDARY:
.SUFFIXES:
.DELETE_ON_ERROR:

all: proreg ## build ./proreg (release)

proreg: $(B)/proreg
	$(Q)cp $< $@.new && mv $@.new $@

$(B)/proreg: $(B)/train.o $(OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lm

$(B)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ISA_DEFS) -MMD -MP -c -o $@ $<

define isa_rule
$(B)/tensor/cpu/cpu.$(1).o: tensor/cpu/cpu.c
	$$(call say,CC,$$< $(1))
	$(Q)mkdir -p $$(@D)
	$(Q)$$(CC) $$(ALL_CFLAGS) $$(ISA_$(1)) -DISA_$(1) -DISA=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$(i))))

$(B)/test_%: $(B)/test/test_%.o $(OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ -lm

tests: $(TESTS)

-include $(wildcard $(B)/*.d $(B)/*/*.d $(B)/*/*/*.d)

clean: ## remove everything that was built
	rm -rf build proreg

help: ## print this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1 - /p' $(MAKEFILE_LIST)

.PHONY: all tests clean help
