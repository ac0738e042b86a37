# mk/variables.mk: the variables of this build, each declared once:
#
#   var.NAME := KIND DEFAULT HELP
#
# KIND says which values there are, and mk/config.mk refuses all others in one line:
#   text       any one line                            port        1 to 65535
#   path       begins with /                           LOW..HIGH   a number from LOW to HIGH
#   host       an address or a name                    A|B|C       one of these words
#   folder     a path that make can have as a target   board       a folder of boards/
# DEFAULT is -- where there is none. Nobody reads HELP but people: it holds no # and no $.
#
# From here come the check, the hand-over to every description that names the variable and to `make run`, the value of
# $(NAME), `make help-variables`, and the README's table (the first section; `make readme` rewrites it).

## The system, where it runs, where it is built
var.NFS_SERVER       := host  --   address or name of the NFS server as the guest sees it (this machine: 10.0.2.2)
var.NFS_DIRECTORY    := path  --   the directory that it exports
var.SITE             := text  --   `make run`, `make compress`: the folder of your site; `make run` makes one where there is none
var.WEBSITE_DIR      := text  .    the site's folder below NFS_DIRECTORY, or SITE
var.APPLICATION      := python|none python what answers beside the site's files: Python (app.py), or nothing
var.APPLICATION_SOCKETS := yes|no yes whether Python has a TCP/IP stack of its own, for sockets that its program opens
var.WEBSITE_FILES    := folder --  a folder of this machine that goes into the image, in the place of an NFS server's files
var.WEBSITE_FRESH_MS := 0..3600000 2000 for how many milliseconds what the NFS server said of a file is taken for true; below 50 counts as 50
var.WEBSITE_STALE_S  := 0..1000000000 -- seconds that a page is served without the server's word while it is away, then 503; empty: for ever
var.WEBSITE_WAIT_S   := 1..60 5    seconds that a request for what is not in the cache waits for a server that is away, then 503
var.WEBSITE_CACHE    := text  --   Cache-Control of files by pattern, '*.pdf=3600; img/*=no-store'; a number: max-age, in seconds
var.ACCESS_LOG_CONSOLE := 0|1 0    1: a line for each request on the console
var.ACCESS_LOG_FILE  := path  --   a line for each request in this file on the export; %Y, %m, %d, %H in its name stand for the time (UTC)
var.ACCESS_LOG_SYSLOG := text --   a line for each request to this syslog server, ADDRESS or ADDRESS:PORT (UDP, RFC 5424)
var.WEBSITE_DEBUG    := 0|1   0    1: a browser that asks for what fails in Python is shown the traceback, not only 500
var.WEBSITE_CONSOLE  := 0|1   0    1: who types at the serial line has a prompt of the Python that serves (make console)
var.CHAOS            := 0|1   0    1: one part more, which has any other die for whoever asks (chaos/README.md)
var.NFS_PORT         := port  --   the NFS service's port; both ports or neither: then the server's portmapper is asked
var.MOUNT_PORT       := port  --   the mount service's port
var.NFS_UID          := 0..4294967294 0 the user as whom it asks; most exports take 0 for nobody
var.NFS_GID          := 0..4294967294 0 that user's group
var.NTP_SERVER       := host  --   address or name of an NTP server; empty: the board's clock, or servers that DHCP names
var.NTP_PORT         := port  123  that server's port
var.HTTP_PORT        := port  5555 port of this machine that leads to the web server in QEMU
var.HTTPS            := 0|1   0    `make run`: 1: HTTPS, too, with a key and a certificate of its own where none is given
var.TLS_KEY          := text  --   HTTPS: a file of this machine with its private key of P-256 (PEM); the image is a secret then
var.TLS_CERT         := text  --   HTTPS: the certificate chain's file (PEM) on the export; a new one is taken while it runs
var.TLS_CERT_FILE    := text  --   HTTPS: in the place of TLS_CERT, a file of this machine, which goes into the image
var.TLS_HYBRID       := yes|no yes HTTPS: whether keys are exchanged by X25519MLKEM768 with clients that can
var.HTTPS_PORT       := port  5556 port of this machine that leads to HTTPS in QEMU; a board has it at 443
var.HTTPS_REDIRECT   := yes|no no  whether what comes without TLS is sent to HTTPS, but for /.well-known/acme-challenge/
var.HTTPS_HSTS_S     := 0..316224000 0 for how many seconds clients are told to come over HTTPS alone; 0: they are not
var.STATUS_PORT      := 0..65535 -- port with a page, /healthz, /metrics for who runs it (docs/status.md); 0: none; empty: as 0, in `make run` HTTP_PORT + 3
var.MACHINE_NUMBER   := 0..255 0   of several web servers in one network each has another: it is part of their Ethernet addresses
var.QEMU             := text  qemu-system-aarch64 which QEMU
var.QEMU_EXTRA       := text  --   more arguments for it, quoted as for a shell
var.MICROKIT_CONFIG  := debug|release|benchmark release a kernel that prints, one that does not, one that counts
var.MICROKIT_BOARD   := board qemu_virt_aarch64 the machine
var.MICROKIT_SDK     := folder --  an official Microkit SDK to build with, 1.4.1, 2.0.1 or 2.3.0, in place of our own
var.COMPILER         := clang|gcc clang gcc: a second opinion
var.BUILD_DIR        := folder build where image and report go

## The build and its checks
var.CACHE_DIR        := folder build what all systems share: SDK, objects, libraries
var.SOURCES_DIR      := folder --  where third-party sources lie that cannot be fetched here (third_party/README.md)
var.PICOLIBC         := folder --  picolibc for AArch64, with include/ and lib/; empty: looked for
var.LIBGCC           := folder --  libgcc.a for AArch64, or another file with a compiler's helpers; empty: looked for
var.V                := 0|1   0    1 shows the commands
var.PYTHON           := text  python3 which Python
var.UNIT             := text  --   which host tests `make unit` runs: names, a * stands for anything; empty: all
var.TESTS            := text  tests what `make test` runs: arguments of pytest, such as 'tests/test_echo.py -k burst'
var.FUZZ             := text  --   what `make fuzz` runs: a target, or all; empty: it lists them
var.FUZZ_SECONDS     := 0..10000000 0 for how long; 0: until Ctrl-C
var.TRACE            := text  0    which PDs keep a trace (docs/tracing.md): 1 for all, or names of PDs with commas between
var.TRACE_SECONDS    := 1..86400 -- `make NAME.trace` ends after so many seconds; empty: at Ctrl-C
var.TRACE_GET        := text  --   `make webserver.trace` asks for these paths, one after the other
var.GDB_ARGS         := text  --   `make NAME.gdb`: more arguments for gdb, quoted as for a shell
var.LOG              := text  --   what `make explain` reads: a console's log; empty: stdin (on the command line alone: others use this name)
var.SYSTEM           := text  --   `make explain`: only of images of that name; empty: all of BUILD_DIR

## Measuring
var.BENCH            := full|quick|pages|busy|tls full how much `make bench` measures; pages: those that Python makes, alone; busy: files while Python computes, alone
var.BENCH_NET        := auto|user|tap|both auto which networks; auto: all that can be had here
var.PROFILE_PATH     := path  --   what `make profile` asks for
var.PROFILE_CLOSE    := 0|1   0    1: a connection for each request
var.PROFILE_REQUESTS := 1..1000000 -- how many
var.SOAK_CONNECTIONS := 1..10000000 10000 connections of `make soak`, one after another
var.SOAK_MINUTES     := 1..100000 60 minutes of load after them
var.CHAOS_MINUTES    := 1..100000 10 `make chaos`: minutes of parts that are killed, and as many of random faults
var.CHAOS_HALVES     := both|kills|faults both `make chaos`: the one, the other, or both
var.CHAOS_MACHINES   := 1..64 1    `make chaos`: how many machines have random faults beside each other, each in a process of its own
var.CHAOS_NET        := user|tap user `make chaos`: QEMU's user network, or a tap in a network namespace, where TCP loses less time
var.CHAOS_SEED       := text  --   from which `make chaos` draws all that is random; empty: another each time, which it prints

## Systems of tests
var.CONFORMANCE      := yes|no yes fileio_nfs: run the conformance program
var.LARGE_FILE       := text  --   fileio_nfs: a file to read whole
var.PASSES           := 1..1000000 1 fileio_nfs: how often
var.FRONT_CACHE_KIB  := 0..65536 32768 front: its cache of files
