/* config.h (release): whether microkit_dbg_putc prints. */
#ifndef LIBMICROKIT_CONFIG_H
#define LIBMICROKIT_CONFIG_H

#define CONFIG_PRINTS 0

#endif
