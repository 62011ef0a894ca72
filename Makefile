#
#   make                the module, against the installed nginx (nginx-dev)
#   make NGINX_SRC=DIR    the module, against a source tree of nginx
#   make demo           reviews a sample bid and shows the findings
#   make test           all tests, with the installed nginx and sanitized:
#                       the four that follow, and a summary
#   make test-unit      review/ on its own, under ASan and UBSan
#   make test-clang     clang's warnings about the module
#   make test-nginx     .t and _test.py files with the installed nginx
#   make test-asan      the same with an nginx built under ASan and UBSan,
#                       but for what is no matter of nginx
#   make unit/NAME      one unit test, or those of one wing: unit/json
#   make NAME.t         one file with the installed nginx: make task.t
#   make NAME_test.py     or this one
#   make asan/NAME.t    the same file sanitized; asan/NAME_test.py
#   make valgrind       files under valgrind's memcheck: TESTS="task.t ..."
#   make debug          the module for a debugger: -O0 -g, and how to attach
#   make cover          which lines the tests reach, of both floors
#   make test-documents tests that need pandoc and poppler
#   make test-pages     tests that need a browser
#   make test-llm       tests that need a real LLM server, llama.cpp's: in
#                       Debian sid, as test-matrix makes it (root)
#   make test-long      test-nginx and test-asan with scenes of minutes
#   make test-matrix    all but test-asan in other Debians: SUITES (root)
#   make test-load      many reviews at once: none lost, memory counted
#   make bench          figures, side by side with others: docs/benchmarks.md
#   make stalls         how long anybody can hold up the event loop
#   make soak           one worker under load for minutes: memory stays flat
#   make fuzz           fuzz targets of review/, a minute each
#   make analyze        what gcc -fanalyzer, clang-tidy and cppcheck say
#   make install        the module into nginx's module folder
#   make clean
#   make help           prints this
#
# demo, test, test-documents, test-llm, test-long, test-matrix, test-load,
# valgrind, cover, analyze, bench and soak install the packages they need; "make
# deps" installs those of the others.  CI runs .ci/run.
#

NGINX_SRC ?=	/usr/share/nginx/src
NGINX ?=	/usr/sbin/nginx
unexport NGINX	# nginx takes it for the sockets that it is to inherit
CC ?=		cc
CLANG ?=	clang

ROOT :=		$(CURDIR)
BUILD :=	$(ROOT)/build
SO :=		ngx_http_review_module.so

# what a source tree of nginx is configured with that does not say how its
# nginx was, as Debian's does in conf_flags

CONF_FLAGS ?=	--with-compat --with-threads --with-debug \
		--with-http_ssl_module --with-http_v2_module

# hardened as Debian's own modules are, by what the compiler knows

CC_OPT =	-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
		-fstack-protector-strong -Wformat -Werror=format-security \
		$(shell for f in -fstack-clash-protection -fcf-protection \
			-mbranch-protection=standard; do \
			$(CC) $$f -Werror -c -o /dev/null -x c /dev/null \
			2>/dev/null && echo $$f; done)
LD_OPT :=	-Wl,-z,relro -Wl,-z,now

WARN :=		-Wall -Wextra -Werror -Wno-unused-parameter \
		-Wno-cast-function-type -Wno-missing-field-initializers

SOURCES :=	$(wildcard ngx_review_module/http/*.[ch] \
		ngx_review_module/*/*/*.[ch])
LOWER :=	$(wildcard ngx_review_module/review/*/*.c)
LOWER_H :=	$(wildcard ngx_review_module/review/*/*.h)
LOWER_CC :=	-std=gnu11 -I ngx_review_module -Wall -Wextra -Werror
LOWER_LIBS :=	-ljansson -lutf8proc -lexpat -lcurl -lcrypto -lm

.SECONDARY:

SAN :=		-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
		-fno-sanitize-recover=undefined
SAN_FUZZ :=	$(SAN) -fsanitize=fuzzer-no-link
UNIT_OF =	$(patsubst t/unit/%.c,$(BUILD)/t/unit/%,$(1))
UNIT :=		$(call UNIT_OF,$(wildcard t/unit/*/*.c))
FUZZ :=		$(patsubst t/fuzz/%.c,$(BUILD)/t/fuzz/%,$(wildcard t/fuzz/*.c))
FEED :=		$(FUZZ:$(BUILD)/t/fuzz/%=$(BUILD)/t/feed/%)

# what is run with nginx; NAMED: those of the names of files, or of paths

FILES :=	$(wildcard $(foreach f,*.t *_test.py,t/*/$f t/*/*/$f))
NAMED =		$(foreach f,$(1),$(or $(filter %/$f,$(FILES)),$(wildcard $f), \
			$(error no test is named $f)))

# tests that need office programs, a browser, or llama.cpp

DOCUMENTS :=	$(call NAMED,extract_tool_test.py)
PAGES :=	$(filter t/http/pages/%,$(FILES))
LLAMA :=	$(filter t/llm/%,$(FILES))

# prove takes them in this order, those of 20 seconds and more, the longest ones
# first: none may be left to the end

LONG :=		$(call NAMED,status.t limit_busy_test.py limit_test.py \
		outage_test.py task_rounds_test.py timeout.t \
		shutdown_test.py circuit_test.py faults.t \
		task_chunks_test.py retry.t task_sources_test.py limit.t \
		task_sources_ends_test.py turns_test.py task_test.py \
		object_ends_test.py fetch_test.py threads_test.py \
		task_report_test.py guard.t embed.t post_action_test.py \
		fair_test.py abort_test.py lifetime_test.py portions_test.py \
		task.t task_pages_test.py embed_test.py \
		openapi_files_test.py docs.t review.t reload_test.py \
		accel_test.py openapi_test.py reaper_test.py)
TESTS ?=	$(LONG) $(filter-out $(LONG) $(DOCUMENTS) $(PAGES) \
			$(LLAMA),$(FILES))

# what they prove is the same with every nginx

ONCE :=		$(call NAMED,docs.t deploy_test.py) $(filter t/house/%,$(FILES))

# they wait more than they compute: two cores have room for five

PROVE :=	prove -j5 --timer

FUZZ_SECONDS ?=	60


.PHONY:		stalls all help deps demo test test-unit test-clang test-nginx \
		test-asan test-documents test-pages test-llm test-long \
		test-matrix test-load valgrind debug cover bench soak fuzz \
		fuzz-corpus analyze install clean FORCE

all:		$(BUILD)/$(SO)


# nginx's configure writes into its tree: it works on a copy.  A folder is
# newer than the copy once a file has come or gone.  A git checkout has its
# configure in auto/.

$(BUILD)/nginx/objs/Makefile: config Makefile \
		$(sort $(dir $(SOURCES))) | $(BUILD)
	@echo "  configure $(NGINX_SRC)"
	@rm -rf $(BUILD)/nginx
	@mkdir -p $(BUILD)/nginx
	@tar -C $(NGINX_SRC) --exclude=./.git --exclude=./objs -cf - . \
		| tar -C $(BUILD)/nginx -xf -
	@cd $(BUILD)/nginx && { \
		[ -x configure ] || cp auto/configure .; \
		if [ -f conf_flags ]; then \
			bash -c '. ./conf_flags; \
				./configure "$${NGX_CONF_FLAGS[@]}" "$$@"' \
				configure $(OUR_FLAGS); \
		else \
			./configure $(CONF_FLAGS) $(OUR_FLAGS); \
		fi; } >$(BUILD)/configure.log 2>&1 \
		|| { $(CONFIGURE_ERROR) $(BUILD)/configure.log >&2; exit 1; }

OUR_FLAGS =	--with-cc-opt='$(CC_OPT)' --with-ld-opt='$(LD_OPT)' \
		--add-dynamic-module=$(ROOT)

# the reason that configure gives, or where it stopped

CONFIGURE_ERROR := awk '/error:/ { said = 1 } { line[NR] = $$0 } \
		said { print } \
		END { for (i = NR - 20; !said && i <= NR; i++) print line[i] }'

$(BUILD)/$(SO):	$(BUILD)/nginx/objs/Makefile $(SOURCES)
	@echo "  build $(SO)"
	@$(MAKE) -j2 -C $(BUILD)/nginx -f objs/Makefile modules \
		CFLAGS="$$(sed -n 's/^CFLAGS = *//p' $<) $(WARN)" \
		>$(BUILD)/make.log 2>&1 \
		|| { grep -E '(error|warning): ' -A5 $(BUILD)/make.log >&2; \
			exit 1; }
	@cp $(BUILD)/nginx/objs/$(SO) $@.new && mv $@.new $@

$(BUILD):
	mkdir -p $@


install:	all
	install -D -m 644 $(BUILD)/$(SO) \
		$(DESTDIR)/usr/lib/nginx/modules/$(SO)

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

deps:
	.ci/install-deps test

clean:
	rm -rf $(BUILD)


demo:
	.ci/install-deps demo
	$(MAKE) --no-print-directory all
	conf/demo/run $(BUILD)/$(SO) $(NGINX)


test:
	.ci/install-deps test
	@.ci/parts test-unit test-clang test-nginx test-asan

test-long:
	.ci/install-deps test
	@TEST_REVIEW_LONG=1 .ci/parts test-nginx test-asan

test-nginx:	all
	$(PROVE) $(call NAMED,$(TESTS))

%.t %_test.py:	FORCE
	@$(MAKE) --no-print-directory test-nginx TESTS=$(call NAMED,$@) \
		PROVE="prove -v"

asan/%.t asan/%_test.py: FORCE
	@$(MAKE) --no-print-directory test-asan \
		TESTS=$(call NAMED,$(@:asan/%=%)) \
		PROVE="prove -v"

# a file that is there is no goal that is reached

$(FILES):	%: FORCE

test-documents:
	.ci/install-deps documents
	$(MAKE) --no-print-directory -k -j1 test-nginx test-asan \
		TESTS="$(DOCUMENTS)"

test-pages:
	@[ -n "$(PAGES)" ] || echo "no test needs a browser: no t/http/pages/"
	$(if $(PAGES),$(MAKE) --no-print-directory test-nginx TESTS="$(PAGES)")

test-unit:
	@$(MAKE) --no-print-directory -j2 $(UNIT) $(FUZZ)
	@prove -j2 $(UNIT)
	@$(MAKE) --no-print-directory fuzz-corpus

unit/%:		FORCE
	@$(MAKE) --no-print-directory -j2 units/$* UNITS="$(call UNIT_OF, \
		$(wildcard t/unit/$*.c t/unit/$*/*.c t/unit/*/$*.c))"

units/%:	FORCE $(UNITS)
	@[ -n "$(UNITS)" ] || { echo "no unit test or wing is named $*" >&2; \
		exit 1; }
	@prove -v $(UNITS)

$(BUILD)/t/unit/%: t/unit/%.c $(wildcard t/unit/*.h) \
		$(LOWER:%.c=$(BUILD)/t/unit/obj/%.o)
	@mkdir -p $(@D)
	@echo "  CC $(@:$(BUILD)/%=%)"
	@$(CC) $(LOWER_CC) -I t/unit $(SAN) -o $@ $< $(filter %.o,$^) \
		$(LOWER_LIBS)

$(BUILD)/t/unit/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $(@:$(BUILD)/%=%)"
	@$(CC) $(LOWER_CC) $(SAN) -MMD -MP -c -o $@ $<

-include $(LOWER:%.c=$(BUILD)/t/unit/obj/%.d)


# the module again with clang, only for its warnings

test-clang:	$(BUILD)/nginx/objs/Makefile
	@incs=$$(sed -n '/^ALL_INCS/,/^$$/{s/^ALL_INCS =//;s/\\$$//;p}' $<) \
	&& cd $(BUILD)/nginx \
	&& printf '$(ROOT)/%s\n' $(filter %.c,$(SOURCES)) \
		| xargs -n 8 -P 2 \
			$(CLANG) -std=gnu11 -fsyntax-only $(WARN) \
			    -Wconditional-uninitialized $$incs


# A whole nginx, since a sanitizer sees little of a pool that is not its own.
# nginx itself passes null pointers where UBSan forbids it: it gets ASan only,
# the module's objects, which are made first, get both.

$(BUILD)/asan/nginx: config $(SOURCES) | $(BUILD)
	.ci/install-deps nginx-source $(BUILD)/nginx-source
	@echo "  build nginx with ASan and UBSan"
	@rm -rf $(BUILD)/asan
	@cp -r $(BUILD)/nginx-source $(BUILD)/asan
	@cd $(BUILD)/asan && { ./configure --prefix=$(BUILD)/asan/prefix \
		--with-cc-opt="-g -O1 -fno-omit-frame-pointer \
			-fsanitize=address -DNGX_DEBUG_PALLOC=1 -Wno-error" \
		--with-ld-opt="-fsanitize=address,undefined" \
		--with-debug --with-threads --with-http_ssl_module \
		--with-http_v2_module --with-http_gunzip_module \
		--with-http_realip_module --with-http_auth_request_module \
		--with-http_sub_module --with-http_addition_module \
		--add-module=$(ROOT) \
		&& $(MAKE) -j2 -f objs/Makefile \
			$$(grep -o '^objs/addon/[^:]*\.o' objs/Makefile) \
			CFLAGS="$$(sed -n 's/^CFLAGS = *//p' objs/Makefile) \
			-fsanitize=undefined -fno-sanitize-recover=undefined" \
		&& $(MAKE) -j2; } >$(BUILD)/asan.log 2>&1 \
		|| { tail -n 20 $(BUILD)/asan.log >&2; exit 1; }
	@cp $(BUILD)/asan/objs/nginx $@.new && mv $@.new $@

test-asan:	$(BUILD)/asan/nginx
	TEST_NGINX_BINARY=$< REVIEW_MODULE=static TEST_REVIEW_ASAN=1 \
		$(PROVE) $(or $(filter-out $(ONCE),$(call NAMED,$(TESTS))), \
			$(TESTS))


# The module as it is for a debugger, in a folder of its own.

debug:
	@$(MAKE) --no-print-directory all BUILD=$(BUILD)/debug \
		CC_OPT="-g3 -O0" LD_OPT=
	@printf '%s\n' "" "in nginx.conf:" \
		"  load_module $(BUILD)/debug/$(SO);" \
		"one process, from its start:" \
		"  gdb --args $(NGINX) -g 'daemon off; master_process off;'" \
		"a worker that runs:  gdb -p PID" \
		"a file of tests:     make NAME.t with" \
		"                     REVIEW_MODULE=$(BUILD)/debug/$(SO)"

valgrind:
	.ci/install-deps valgrind
	@$(MAKE) --no-print-directory all BUILD=$(BUILD)/debug \
		CC_OPT="-g3 -O0" LD_OPT=
	VALGRIND_NGINX=$(NGINX) TEST_NGINX_BINARY=$(ROOT)/t/lib/valgrind \
		REVIEW_MODULE=$(BUILD)/debug/$(SO) TEST_REVIEW_ASAN=1 \
		prove -v $(call NAMED,$(TESTS))


# Workers are nobody where root runs the tests, and all write what they have
# reached into the same files, beside the objects.

COVERED :=	-g -O0 --coverage -fprofile-update=atomic
COVER =		$(MAKE) --no-print-directory BUILD=$(BUILD)/cover \
		CC_OPT="$(COVERED)" LD_OPT=--coverage SAN="$(COVERED)"

cover:
	.ci/install-deps cover
	@$(COVER) -j2 all $(UNIT:$(BUILD)/%=$(BUILD)/cover/%) \
		$(FEED:$(BUILD)/%=$(BUILD)/cover/%)
	@find $(BUILD)/cover -name '*.gcda' -delete
	@chmod -R a+rwX $(BUILD)/cover
	-prove -j2 $(UNIT:$(BUILD)/%=$(BUILD)/cover/%)
	-@for f in $(FEED:$(BUILD)/%=$(BUILD)/cover/%); do \
		$$f t/fuzz/corpus/$$(basename $$f)/* || echo "failed: $$f"; \
	done
	-umask 0; REVIEW_MODULE=$(BUILD)/cover/$(SO) TEST_REVIEW_ASAN=1 \
		$(PROVE) $(filter-out $(ONCE),$(call NAMED,$(TESTS)))
	@t/lib/cover $(BUILD)/cover review=95 http=80


# other Debians, in the build folder

SUITES ?=	trixie sid

test-matrix:
	.ci/install-deps matrix
	t/matrix/run $(BUILD)/matrix $(SUITES)

test-llm:
	.ci/install-deps matrix
	MATRIX_STEPS="demo-deps gcc llm-deps llm" \
		t/matrix/run $(BUILD)/matrix sid

test-load:
	.ci/install-deps load
	$(MAKE) --no-print-directory all
	t/load/run $(BUILD)/$(SO) $(NGINX)


# the least of some rounds; STALL_ARGS="--only WORD", or "--write"

stalls:		all
	t/stall/run $(BUILD)/$(SO) $(NGINX) $(STALL_ARGS)


BENCH :=	$(BUILD)/bench

bench:
	.ci/install-deps bench
	$(MAKE) --no-print-directory all $(BENCH)/load $(BENCH)/slots \
		$(BENCH)/split $(BENCH)/rank $(BENCH)/quote \
		$(BENCH)/node/node_modules/.package-lock.json
	t/bench/run $(BUILD)/$(SO) $(BENCH)/load $(BENCH)/node/node_modules \
		$(BENCH_ARGS)

soak:
	.ci/install-deps bench
	$(MAKE) --no-print-directory all $(BENCH)/load
	t/bench/soak $(BUILD)/$(SO) $(BENCH)/load $(SOAK_ARGS)

$(BENCH)/load: t/bench/load.c
	@echo "  CC bench/load"
	@mkdir -p $(@D)
	@$(CC) -O2 -Wall -Wextra -Werror -o $@ $<

$(BENCH)/slots: t/bench/slots.c ngx_review_module/review/limit/queue.c \
		ngx_review_module/review/limit/queue.h
	@echo "  CC bench/slots"
	@mkdir -p $(@D)
	@$(CC) -O2 -I ngx_review_module -Wall -Wextra -Werror -o $@ \
		$(filter %.c,$^) -lpthread

$(BENCH)/split $(BENCH)/rank $(BENCH)/quote: $(BENCH)/%: t/bench/%.c \
		$(LOWER:%.c=$(BENCH)/obj/%.o)
	@echo "  CC bench/$(@F)"
	@$(CC) -O2 $(LOWER_CC) -o $@ $^ $(LOWER_LIBS)

$(BENCH)/obj/%.o: %.c $(LOWER_H)
	@mkdir -p $(@D)
	@$(CC) -O2 $(LOWER_CC) -c -o $@ $<

# the last file that npm writes

$(BENCH)/node/node_modules/.package-lock.json: t/bench/peers/package.json
	@echo "  npm install"
	@mkdir -p $(BENCH)/node
	@cp $< $(BENCH)/node/
	@cd $(BENCH)/node && npm install --silent --no-audit --no-fund
	@touch $@


$(BUILD)/t/fuzz/%: t/fuzz/%.c $(LOWER:%.c=$(BUILD)/t/fuzz/obj/%.o)
	@echo "  CC $(@:$(BUILD)/%=%)"
	@$(CLANG) $(LOWER_CC) $(SAN_FUZZ) -o $@ $^ -fsanitize=fuzzer \
		$(LOWER_LIBS)

-include $(LOWER:%.c=$(BUILD)/t/fuzz/obj/%.d)

$(BUILD)/t/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $(@:$(BUILD)/%=%)"
	@$(CLANG) $(LOWER_CC) $(SAN_FUZZ) -MMD -MP -c -o $@ $<

# the same without a fuzzer

$(BUILD)/t/feed/%: t/fuzz/%.c t/lib/feed.c $(wildcard t/fuzz/*.h t/unit/*.h) \
		$(LOWER:%.c=$(BUILD)/t/unit/obj/%.o)
	@mkdir -p $(@D)
	@echo "  CC $(@:$(BUILD)/%=%)"
	@$(CC) $(LOWER_CC) $(SAN) -o $@ $(filter %.c %.o,$^) $(LOWER_LIBS)

fuzz-corpus:	$(FUZZ)
	@for f in $(FUZZ); do \
		$$f -runs=0 -artifact_prefix=$$f- \
		    t/fuzz/corpus/$$(basename $$f) \
		    >$$f.log 2>&1 || { tail -n 30 $$f.log >&2; exit 1; }; \
	done

# each runs, whatever the others have found

fuzz:		$(FUZZ)
	@failed=; for f in $(FUZZ); do \
		mkdir -p $$f.corpus; \
		$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		    -artifact_prefix=$$f- $$f.corpus \
		    t/fuzz/corpus/$$(basename $$f) \
		    || failed="$$failed $$(basename $$f)"; \
	done; \
	[ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }


analyze:	$(BUILD)/nginx/objs/Makefile
	.ci/install-deps analyze
	t/analyze/run $(BUILD)/nginx/objs
