"""compose/ring.py: a ring (lib/ring.h) in a region of its own, mapped by its two ends and nobody else."""

from .c import Ptr
from .errors import ComposeError

HEADER_BYTES = 192  # sizeof(struct ring_shared), which tests/unit/lib_ring.c pins


def ring_bytes(capacity, size):
    """RING_BYTES of lib/ring.h."""
    if capacity < 1 or capacity & (capacity - 1):
        raise ComposeError(f"a ring's capacity of {capacity} elements is no power of two")
    return HEADER_BYTES + capacity * size


class Ring:
    def __init__(self, system, name, capacity, size):
        self.capacity = capacity
        self.region = system.region(name, ring_bytes(capacity, size))

    def end(self, pd):
        """Maps the ring into one of its two PDs: the `struct ring_config` of that end."""
        return {"shared": Ptr(pd.map(self.region, "rw")), "capacity": self.capacity}
