/* kernel/build.h (benchmark): the part of gen_config.h that differs by configuration. */
#define CONFIG_EXPORT_PMU_USER  1
