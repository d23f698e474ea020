# firebreak: `make demo` and `make test` do everything on a fresh Debian 12 machine with Swift 6.3.
PREFIX ?= /usr/local
SECONDS ?= 120
BINARY = .build/release/firebreak
.PHONY: help build demo test check docs bench fleet screenshots session soak fuzz sanitize install dist clean packages test-packages

help:
	@echo "make demo      from clone to an open-able postmortem.html"
	@echo "make test      everything the tests need, and the tests"
	@echo "make check     format, module arrows, generated documents"
	@echo "make docs      writes the generated documents anew"
	@echo "make bench     ingest and queries beside gzip and DuckDB, 1 GB each (BENCH='--mb 200' for less); trace: cost, calibration"
	@echo "make fleet     plans and rehearses a playbook on a million simulated devices"
	@echo "make screenshots  writes the pictures of Docs/Page.md anew"
	@echo "make session   records isolate, verify and undo on 50 real MQTT clients anew"
	@echo "make soak      the long versions of kill, fuzz and scale tests"
	@echo "make sanitize  loader, readers and scanners under the address and thread sanitizers"
	@echo "make fuzz SECONDS=$(SECONDS)  damaged records and files at every reader, for about that long"
	@echo "make install PREFIX=$(PREFIX)   make dist   make clean"

packages:
	@.ci/packages build
test-packages:
	@.ci/packages test

# With the Swift runtime inside: an ingest costs 3 % less, a start, which each unpacked archive is, a third less.
build: packages
	swift build -c release --product firebreak --static-swift-stdlib

demo: build
	@.ci/demo $(BINARY)

test: test-packages
	@.ci/test

check: test-packages
	swift format lint --strict --recursive --parallel Sources Tests Package.swift
	swift build --build-tests
	swift test --skip-build --filter ModuleArrowTests --filter TreeTests --filter CommandReferenceTests \
	  --filter DependencyDocumentTests --filter SchemaDocumentTests

docs: packages
	swift build --build-tests
	FIREBREAK_UPDATE_DOCS=1 swift test --skip-build --filter CommandReferenceTests --filter DependencyDocumentTests \
	  --filter SchemaDocumentTests --filter GoldenReportTests

bench: build
	@.ci/bench $(BINARY) --json .build/bench.json $(BENCH)
	@.ci/bench-formats $(BINARY)
	@.ci/bench-scale $(BINARY)
	@.ci/bench-trace $(BINARY)
	@.ci/bench-postmortem $(BINARY)
	@.ci/bench-serve $(BINARY)

fleet: build
	@.ci/fleet $(BINARY)

screenshots: build test-packages
	@.ci/screenshots $(BINARY)

session: build test-packages
	@.ci/session $(BINARY)

soak: test-packages
	FIREBREAK_SOAK=1 FIREBREAK_FUZZ_ROUNDS=50000 .ci/test

fuzz: test-packages
	swift build --build-tests
	FIREBREAK_FUZZ_SECONDS=$(SECONDS) swift test --skip-build --no-parallel --filter 'HostileInputTests|EvidenceFuzzTests' \
	  | grep -E 'fuzz|Test run|✘|error'

# Two builds of their own, which take minutes; the suites are those that touch raw memory or start threads.
sanitize: test-packages
	for sanitizer in address thread; do \
	  ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS="suppressions=$(CURDIR)/.ci/tsan-suppressions" \
	  swift test --sanitize=$$sanitizer --scratch-path .build/sanitize-$$sanitizer --no-parallel --filter \
	    'PageWriterTests|BlockFileTests|BlockMemoryTests|SpoolTests|EntrySortTests|SearchIndexTests|PageScanTests|CasePackTests|CaseLoaderTests|PipelineTests|TemplateMinerTests|ByteClassesTests|LineFeedsTests|RowRecordTests|RollupTests|TreeWriterTests|LogFormatsTests\.ConformanceTests|HostileInputTests|GzipDamageTests' \
	    || exit 1; \
	done

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/firebreak \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/firebreak
	install -m 644 Docs/firebreak.1 $(DESTDIR)$(PREFIX)/share/man/man1/firebreak.1
	cp -r Playbooks Samples $(DESTDIR)$(PREFIX)/share/firebreak/
	$(BINARY) --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/firebreak
	$(BINARY) --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_firebreak
	$(BINARY) --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/firebreak.fish

dist: build
	@.ci/dist $(BINARY)

clean:
	rm -rf .build demo dist
