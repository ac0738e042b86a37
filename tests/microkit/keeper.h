/* keeper.h: what keeper.c and kept.c have in common. */
#ifndef TESTS_MICROKIT_KEEPER_H
#define TESTS_MICROKIT_KEEPER_H

#define KEEPER_KEPT 2
#define KEPT_KEEPER 9
#define KEPT_MARK 0x600d600d

#endif
