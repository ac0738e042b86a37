"""compose/dwmac.py: what the GMAC's driver has to know of its board:
DWMAC in boards/BOARD/board.py, all of it optional.

    DWMAC = {
        "phy": 0,                               # its address on MDIO; None (the default): none, 1000 Mbit/s full duplex
        "mdc": 4,                               # the CR field of GMII_ADDR
        "phy_page": 31,                         # the PHY's register that selects its page; 0: no pages
        "phy_irq": "phy",                       # a device whose interrupt is the PHY's; None: asked every few seconds
        "phy_clear": (0xa43, 29),               # page and register whose read ends that interrupt
        "phy_writes": [(page, register, mask, value), ..],
        "glue": [("device", offset, mask, value), ..],      # registers of other devices: clocks, RGMII delays
    }
"""

from .c import Ptr
from .errors import ComposeError

PROGRAM = "net_driver_dwmac"
NONE = 0xff             # DWMAC_NONE
GLUE_MAX = 16           # DWMAC_GLUE_MAX
PHY_WRITES_MAX = 16     # DWMAC_PHY_WRITES_MAX
KEYS = {"phy", "mdc", "phy_page", "phy_irq", "phy_clear", "phy_writes", "glue"}


class Dwmac:
    def __init__(self, system, driver):
        board = system.board
        facts = getattr(board.facts, "DWMAC", {})
        if set(facts) - KEYS:
            raise ComposeError(f"board {board.name}: DWMAC has '{min(set(facts) - KEYS)}'; "
                               f"there are: {', '.join(sorted(KEYS))}")
        if board.dma_base + board.dma_size > 1 << 32:
            raise ComposeError(f"board {board.name}: its GMAC has 32 address bits, the DMA window ends at "
                               f"{board.dma_base + board.dma_size:#x}")
        glue, writes = facts.get("glue", ()), facts.get("phy_writes", ())
        if len(glue) > GLUE_MAX or len(writes) > PHY_WRITES_MAX:
            raise ComposeError(f"board {board.name}: DWMAC has {len(glue)} glue and {len(writes)} PHY writes; "
                               f"at most {GLUE_MAX} and {PHY_WRITES_MAX}")
        self.driver = driver
        phy, irq, clear = facts.get("phy"), facts.get("phy_irq"), facts.get("phy_clear", (0, 0))
        bases = {name: driver.device(name) for name in dict.fromkeys(name for name, _, _, _ in glue)}
        self.config = {
            "phy": NONE if phy is None else phy,
            "mdc": facts.get("mdc", 0),
            "phy_page": facts.get("phy_page", 0),
            "phy_irq": NONE if irq is None else driver.device_irq(irq),
            "timer": NONE,
            "timer_page": 0,
            "phy_clear_page": clear[0],
            "phy_clear_reg": clear[1],
            "mac_count": 0,
            "macs": [],
            "glue_count": len(glue),
            "glue": [{"at": Ptr(bases[name] + offset), "mask": mask, "value": value}
                     for name, offset, mask, value in glue],
            "phy_write_count": len(writes),
            "phy_writes": [{"page": page, "reg": reg, "mask": mask, "value": value}
                           for page, reg, mask, value in writes],
        }
        driver.config("net/dwmac.h", "struct net_dwmac_config", "net_dwmac_config", self.config)

    def station(self, octets):
        """One more address that the filter lets in."""
        self.config["macs"].append(octets)
        self.config["mac_count"] += 1

    def use_timer(self, timer):
        """For the link, where the PHY has no interrupt, and for a DMA that stops without a word."""
        if self.config["timer"] == NONE:
            self.config["timer"], page = timer.client(self.driver)
            self.config["timer_page"] = Ptr(page)
