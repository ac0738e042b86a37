/* kernel/build.h (debug): the part of gen_config.h that differs by configuration. */
#define CONFIG_DEBUG_BUILD 1
#define CONFIG_PRINTING 1
