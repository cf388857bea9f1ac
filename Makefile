# SPDX-License-Identifier: GPL-3.0-or-later
# Makefile - build, check, demo, install. `make help` lists the targets.

PROGRAMS := attlsd attlsctl attls-keyring attls-racdcert attls-net
MAIN_attlsd        := gateway/daemon/main.c
MAIN_attlsctl      := gateway/ctl/main.c
MAIN_attls-keyring := keyring/cli/main.c
MAIN_attls-racdcert := keyring/racdcert/main.c
MAIN_attls-net     := gateway/net/main.c
FOLDERS := base keyring keyring/cli keyring/racdcert rules gateway/packet gateway/tcp gateway/tls \
           gateway/flow gateway/worker gateway/daemon gateway/ctl gateway/net

# SAN=1: AddressSanitizer and UndefinedBehaviorSanitizer, in a build folder of its own
SAN ?= 0
ifeq ($(SAN),1)
BUILD    := build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all
OPT      ?= -O1
else
BUILD    := build/$(if $(filter clang%,$(CC)),clang,release)
SANFLAGS :=
OPT      ?= -O2
endif

PACKAGES := libnetfilter_queue libmnl openssl libcap-ng jansson libseccomp p11-kit-1
VERSION  := $(shell cat VERSION)
prefix   ?= /usr
CFLAGS   ?= -g
override CFLAGS += $(OPT) -std=c11 -pthread -fno-omit-frame-pointer -fstack-protector-strong -fPIE \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
	-Wpointer-arith -Wwrite-strings -Wundef -Werror $(SANFLAGS)
override CPPFLAGS += -I. -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -DATTLS_VERSION='"$(VERSION)"' \
	-DATTLS_DATADIR='"$(prefix)/share/attls"' $(shell pkg-config --cflags $(PACKAGES))
ifeq ($(SAN),1)
override CPPFLAGS += -U_FORTIFY_SOURCE
endif
LDFLAGS  += -pie -Wl,-z,relro,-z,now
LDLIBS   := $(shell pkg-config --libs $(PACKAGES)) -liniparser -lm

MAINS   := $(foreach p,$(PROGRAMS),$(MAIN_$(p)))
SOURCES := $(filter-out $(MAINS),$(wildcard $(addsuffix /*.c,$(FOLDERS))))
OBJECTS := $(SOURCES:%.c=$(BUILD)/obj/%.o)
LIBRARY := $(BUILD)/libgateway.a
BINS    := $(PROGRAMS:%=$(BUILD)/%)
UNITS   := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
LOAD    := $(BUILD)/bench/attls-load
SIM     := $(BUILD)/tests/sim
SIM_STEPS := $(SIM)-steps
SCRIPT  := $(BUILD)/tests/script
IMPAIR  := $(BUILD)/tests/impair
IDENTITY := $(BUILD)/tests/attlsd-identity

.DEFAULT_GOAL := all
.PHONY: all unit impair identity grid sim script fuzz test demo lint clean install help image-test bench bench-tcp bench-policy bench-owner bench-handshake bench-keyprocess bench-storm
all: $(BINS) ## build the programs

define program
$(BUILD)/$(1): $(BUILD)/obj/$(MAIN_$(1):.c=.o) $(LIBRARY)
	@echo "  LD    $$@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $$@ $$^ $(LDLIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

$(LIBRARY): $(OBJECTS)
	@echo "  AR    $@"
	@rm -f $@ && ar qcs $@ $^

$(BUILD)/obj/%.o: %.c VERSION Makefile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: tests/unit/%.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(LIBRARY) $(LDLIBS) -lcmocka

# The gateway between two ends has no TLS: what stands for it goes before the library
SIM_OBJECTS := $(BUILD)/obj/tests/identity/session.o
$(SIM): $(wildcard tests/sim/*.c tests/sim/*.h) $(SIM_OBJECTS) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  CC    tests/sim"
	@$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -o $@ $(wildcard tests/sim/*.c) $(SIM_OBJECTS) $(LIBRARY) $(LDLIBS)

# The same with every basic block of the TCP engine counted
STEPS_COUNTED := $(filter gateway/tcp/%,$(SOURCES)) base/ranges.c base/ring.c
$(SIM_STEPS): $(wildcard tests/sim/*.c tests/sim/*.h gateway/tcp/*.h) $(SIM_OBJECTS) $(LIBRARY)
	@mkdir -p $(@D)/counted
	@echo "  CC    tests/sim, counting steps"
	@cd $(@D)/counted && $(CC) $(CPPFLAGS:-I.=-I$(CURDIR)) $(CFLAGS) -fsanitize-coverage=trace-pc -c \
		$(STEPS_COUNTED:%=$(CURDIR)/%)
	@$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -o $@ $(wildcard tests/sim/*.c) \
		$(addprefix $(@D)/counted/,$(notdir $(STEPS_COUNTED:.c=.o))) $(SIM_OBJECTS) $(LIBRARY) $(LDLIBS)

$(SCRIPT): $(wildcard tests/script/*.c tests/script/*.h) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  CC    tests/script"
	@$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -o $@ $(wildcard tests/script/*.c) $(LIBRARY) $(LDLIBS)

# used by tests and benchmarks, whichever build of the programs they are for
$(IMPAIR): $(wildcard tests/impair/*.c tests/impair/*.h) tests/sim/rng.h base/list.h
	@mkdir -p $(@D)
	@echo "  CC    tests/impair"
	@$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -o $@ $(wildcard tests/impair/*.c)

impair: $(IMPAIR) ## the impaired path that tests and benchmarks use

$(LOAD): $(wildcard bench/load/*.c bench/load/*.h)
	@mkdir -p $(@D)
	@echo "  CC    bench/load"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(wildcard bench/load/*.c)

# only tests run it; nothing installs it
$(IDENTITY): $(BUILD)/obj/tests/identity/session.o $(BUILD)/obj/gateway/daemon/main.o $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

identity: $(IDENTITY) ## attlsd without TLS, for tests of its TCP from outside

unit: $(UNITS) ## unit tests
	@scripts/run-unit $(UNITS)

SEEDS ?= 2000
SEED_BASE ?= 1
JOBS ?= 1
sim: $(SIM) $(SIM_STEPS) ## two endpoints over an impaired link in virtual time (SEEDS=n SEED_BASE=m JOBS=j)
	@$(SIM_STEPS) --seeds $(shell expr $(SEEDS) / 4 + 1) --base $(SEED_BASE) --jobs $(JOBS) --hostile
	@$(SIM) --seeds $(SEEDS) --base $(SEED_BASE) --jobs $(JOBS)

script: $(SCRIPT) ## packet conversations in virtual time, one per corner case
	@$(SCRIPT) $(sort $(wildcard tests/script/*/*.pkt))

JOBS ?= 4
grid: all impair ## every workload on every impaired path, JOBS=n at a time (as root, half an hour)
	@tests/grid/run --all --jobs $(JOBS)

SECONDS ?= 60
fuzz: ## all fuzz targets for SECONDS=n in all (clang)
	@tests/fuzz/run $(SECONDS)

test: ## install what is needed, build, run everything (as root, on a fresh Debian 12)
	@scripts/run-tests

demo: ## install what is needed, build, show the main job (as root, on a fresh Debian 12)
	@scripts/demo

image-test: ## build the Dockerfile without an engine and run the gateway inside it (as root)
	@tests/image/run

BENCH ?=
bench: all $(LOAD) ## beside HAProxy and stunnel, about 20 minutes, BENCH=quick 3 (as root)
	@scripts/install-deps build run bench
	@bench/run $(if $(filter quick,$(BENCH)),--quick) --json $(BUILD)/bench.json --plots $(BUILD)/plots

$(BUILD)/bench/policy: bench/policy.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIBRARY) $(LDLIBS)

bench-policy: $(BUILD)/bench/policy ## loading and matching of policies, by shape and size
	@$<

$(BUILD)/bench/handshake: bench/handshake.c tests/unit/session_pair.h $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIBRARY) $(LDLIBS) -lcmocka

bench-handshake: $(BUILD)/bench/handshake ## processor time of a TLS handshake, both ends, without packets
	@$<

$(BUILD)/bench/keyprocess: bench/keyprocess.c tests/unit/session_pair.h $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIBRARY) $(LDLIBS) -lcmocka

bench-keyprocess: $(BUILD)/bench/keyprocess ## handshakes with the key in the key process and without (as root)
	@$<

bench-storm: all $(LOAD) ## a connection in a storm of RSA-4096 handshakes, beside HAProxy (as root)
	@bench/storm

bench-tcp: all impair ## goodput and fairness against the kernel's CUBIC (as root; BENCH=quick)
	@bench/tcp --json $(BUILD)/bench-tcp.json

$(BUILD)/bench/owner: bench/owner.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  CC    bench/owner"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIBRARY) $(LDLIBS)

bench-owner: $(BUILD)/bench/owner ## how long it takes to find whose a socket is (as root)
	@$(BUILD)/bench/owner

lint: ## layers, style, format, clang-tidy, cppcheck, shellcheck
	@scripts/lint

install: all ## install programs, man pages, completions, examples (DESTDIR, prefix)
	@scripts/install-files "$(BUILD)" "$(DESTDIR)" "$(prefix)"

clean: ## remove what was built
	rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t16

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
