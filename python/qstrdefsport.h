// qstrdefsport.h: interned strings that no MP_QSTR_ name in the sources can spell.
Q(asyncio.core)
Q(1.0)
Q(1.1)
