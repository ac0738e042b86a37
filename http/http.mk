# http/http.mk: the native front: requests, files of a site, what goes to the application.

HTTP_PARSERS := $(addprefix http/parse/,text.c path.c codings.c accept.c date.c select.c chunk.c request.c)

# Needs time (lib/pd.h): head.c, page.c.
HTTP_LINES := $(addprefix http/response/,reason.c lines.c)
HTTP_RESPONSE := $(HTTP_LINES) $(addprefix http/response/,head.c page.c)

# Extensions and their types: of a list here, and of this machine's table.
HTTP_TYPES := $(CACHE_DIR)/http/types_table.c
$(HTTP_TYPES): http/site/make-types http/site/types.list $(wildcard /etc/mime.types) | $(PACKAGES_READY)
	$(call say,TYPES,http/site/types.list)
	@mkdir -p $(@D)
	$(Q)$(PYTHON) http/site/make-types http/site/types.list >$@
HTTP_TYPES += http/site/types.c

# For `make compress`: which names the front looks for variants of is told by its own table.
COMPRESSIBLE := $(CACHE_DIR)/host/compressible
$(eval $(call host_program,$(COMPRESSIBLE),mk/run/compressible.c $(HTTP_TYPES) http/parse/text.c))

HTTP_SITE := $(HTTP_TYPES) $(addprefix http/site/,rules.c fingerprint.c head.c resolutions.c changes.c hidden.c try_files.c mounts.c find.c locks.c)

HTTP_CACHE := $(addprefix http/cache/,index.c queue.c pages.c files.c blocks.c reads.c entries.c revalidate.c names.c cache.c)

HTTP_CONN := $(addprefix http/conn/,watch.c pool.c timeouts.c waiting.c output.c unread.c head_buffer.c connection.c accept.c transport_tcp.c)

HTTP_CONTENT := http/app_link.c http/app_front.c $(addprefix http/content/,app_head.c content.c app_queue.c app_long.c app_body.c app_answer.c app_request.c parts.c file.c error_page.c listing_page.c listing.c)

HTTP_FRONT := $(HTTP_CONN) $(HTTP_CONTENT) $(addprefix http/front/,routes.c listeners.c dispatch.c app_site.c server.c)

# Of these the front's tests play the first, and do without the second.
HTTP_START := $(addprefix http/front/,described.c start.c)

# The other end of http/app_proto.h: an application's.
HTTP_APP_CLIENT := http/app_client.c http/app_link.c

$(eval $(call library,http,$(HTTP_PARSERS) $(HTTP_RESPONSE) $(HTTP_CACHE) $(HTTP_SITE) $(HTTP_FRONT) $(HTTP_START),\
    ip fs_client fs_mount timer,$(IP_CFLAGS)))

HTTP_ACCESS := $(addprefix http/access/,line.c buffer.c file.c syslog.c access.c)

# The front as a protection domain of its own.
$(eval $(call program,http_front,http/pd.c http/plain.c http/no_status.c $(HTTP_ACCESS),http ip_time serial,$(IP_CFLAGS)))

# With a status port.
HTTP_STATUS := $(addprefix http/status/,measures.c parts.c figures.c report.c page.S connection.c paths.c port.c)
$(eval $(call program,http_front_status,http/pd.c http/plain.c $(HTTP_ACCESS) $(HTTP_STATUS),http ip_time serial,$(IP_CFLAGS)))
$(OBJ)/http_front_status/http/status/page.S.o $(OBJ)/http_https_status/http/status/page.S.o: http/status/page.html

# The same with HTTPS beside it.
HTTP_TLS_RECORD := $(addprefix http/tls/,record.c schedules.c crypto.c) tls/traffic.c
HTTP_TLS := $(HTTP_TLS_RECORD) $(addprefix http/tls/,sealed.c opened.c tls_peer.c tls_control.c slots.c handshake.c packets.c \
    starved.c outgoing.c tls_conn.c incoming.c transport_tls.c)
https_program = $(call program,$1,http/pd.c $(HTTP_ACCESS) $(HTTP_TLS) http/tls/chains.c http/tls/start.c $2,http crypto crypto_module ip_time serial,\
    $(IP_CFLAGS) $(AWSLC_CFLAGS))
$(eval $(call https_program,http_https,http/no_status.c))
$(eval $(call https_program,http_https_status,$(HTTP_STATUS)))

# Records of TLS, with libcrypto on the host.
HTTP_TLS_CFLAGS := $(AWSLC_HOST_CFLAGS) -ffunction-sections -fdata-sections
HTTP_TLS_LIBS := -fuse-ld=lld -Wl,--gc-sections $(AWSLC_HOST)
$(eval $(call host_test,http_tls_record,tests/unit/http_tls_record.c $(HTTP_TLS_RECORD) lib/random/random.c \
    third_party/awslc/platform.c $(FAKE_PD),$(FAKE_PD_CFLAGS) $(HTTP_TLS_CFLAGS),,$(HTTP_TLS_LIBS)))
$(HOST_OBJ)/http_tls_record/http_tls_record: $(AWSLC_HOST)

$(eval $(call host_test,http_front_start,tests/unit/http_front_start.c $(HTTP_START) $(FAKE_PD),$(FAKE_PD_CFLAGS) $(IP_CFLAGS)))
$(eval $(call host_test,http_parse_request,tests/unit/http_parse_request.c http/parse/request.c http/parse/text.c))
$(eval $(call host_test,http_parse_path,tests/unit/http_parse_path.c http/parse/path.c http/parse/text.c))
$(eval $(call host_test,http_parse_codings,tests/unit/http_parse_codings.c http/parse/codings.c http/parse/text.c))
$(eval $(call host_test,http_parse_chunk,tests/unit/http_parse_chunk.c http/parse/chunk.c http/parse/text.c))
$(eval $(call host_test,http_parse_date,tests/unit/http_parse_date.c http/parse/date.c http/parse/text.c))
$(eval $(call host_test,http_parse_select,tests/unit/http_parse_select.c $(addprefix http/parse/,select.c date.c text.c)))

$(eval $(call host_test,http_site_types,tests/unit/http_site_types.c $(HTTP_TYPES) http/parse/text.c))
$(eval $(call host_test,http_site_rules,tests/unit/http_site_rules.c http/site/rules.c $(addprefix http/parse/,path.c text.c)))
$(eval $(call host_test,http_site_fingerprint,tests/unit/http_site_fingerprint.c http/site/fingerprint.c))
$(eval $(call host_test,http_site,$(addprefix tests/unit/http_site,.c _hosts.c _policy.c _fake.c _soak.c) $(HTTP_SITE) $(HTTP_LINES) $(HTTP_PARSERS) \
    $(FAKE_PD),$(FAKE_PD_CFLAGS)))

# The front between made-up clients, a made-up site, and an application at the other end of its rings.
HTTP_FRONT_TEST := $(addprefix tests/unit/http_,surroundings.c played.c app_client.c app_client_link.c lwip.c) \
    $(HTTP_FRONT) $(HTTP_RESPONSE) $(HTTP_PARSERS) $(FAKE_PD)
front_test = $(call host_test,$1,$2 $(HTTP_FRONT_TEST),$(FAKE_PD_CFLAGS) $(IP_CFLAGS))
$(eval $(call front_test,http_front,$(addprefix tests/unit/http_,front.c front_soak.c)))
$(eval $(call front_test,http_front_pressure,tests/unit/http_front_pressure.c))
$(eval $(call front_test,http_front_mixed,tests/unit/http_front_mixed.c))
$(eval $(call front_test,http_front_pages,tests/unit/http_front_pages.c))
$(eval $(call front_test,http_front_parts,tests/unit/http_front_parts.c))
$(eval $(call front_test,http_front_listing,tests/unit/http_front_listing.c))
$(eval $(call host_test,http_content_listing_page,tests/unit/http_content_listing_page.c http/content/listing_page.c \
    $(HTTP_LINES) $(addprefix http/parse/,path.c date.c text.c)))
$(eval $(call front_test,http_front_long,tests/unit/http_front_long.c))
$(eval $(call front_test,http_front_app,tests/unit/http_front_app.c))
$(eval $(call front_test,http_access,tests/unit/http_access.c $(HTTP_ACCESS)))
$(eval $(call front_test,http_status_port,tests/unit/http_status_port.c $(addprefix http/status/,connection.c paths.c port.c)))
$(eval $(call host_test,http_status_report,tests/unit/http_status_report.c http/status/report.c http/status/parts.c \
    http/parse/text.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))

$(eval $(call host_test,http_tls_chains,tests/unit/http_tls_chains.c http/tls/chains.c http/parse/date.c http/parse/text.c \
    $(FAKE_PD),$(FAKE_PD_CFLAGS)))

# The front over TLS, with a library that fails to seal when the test says so.
HTTP_TLS_FAILING := -Wl,--wrap=crypto_seal
tls_test = $(call host_test,$1,tests/unit/$1.c tests/unit/http_tls_rig.c $(HTTP_FRONT_TEST) $(HTTP_TLS) lib/random/random.c \
    third_party/awslc/platform.c,$(FAKE_PD_CFLAGS) $(IP_CFLAGS) $(HTTP_TLS_CFLAGS),,$(HTTP_TLS_FAILING) $(HTTP_TLS_LIBS))
$(eval $(call tls_test,http_tls))
$(eval $(call tls_test,http_tls_memory))
$(foreach t,http_tls http_tls_memory,$(HOST_OBJ)/$t/$t): $(AWSLC_HOST)

$(eval $(call host_test,http_app,tests/unit/http_app.c http/app_link.c http/app_front.c tests/unit/http_app_client_link.c \
    tests/unit/http_app_client.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
