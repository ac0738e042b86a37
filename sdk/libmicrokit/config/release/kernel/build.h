/* kernel/build.h (release): the part of gen_config.h that differs by configuration. Nothing does here. */
