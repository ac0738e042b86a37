/* kernel/build.h (benchmark): the part of gen_config.h that differs by configuration. */
#define CONFIG_EXPORT_PMU_USER 1
#define CONFIG_ENABLE_BENCHMARKS 1
#define CONFIG_BENCHMARK_TRACK_UTILISATION 1
#define CONFIG_KERNEL_BENCHMARK track_utilisation
