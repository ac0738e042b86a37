"""Routes of the demo site, in Python: webserver.py calls routes() with the application when it starts.

This file lies on the NFS server beside the site's folder. Change it there: it takes effect while the system runs.
"""

import gc
import sys
import time

started = time.ticks_ms()


def routes(app):
    @app.get("/api/status")
    async def status(request):
        """What the interpreter knows about itself."""
        gc.collect()
        return {
            "implementation": sys.implementation._machine,
            "version": ".".join(str(n) for n in sys.implementation.version[:3]),
            "uptime_s": time.ticks_diff(time.ticks_ms(), started) // 1000,
            "heap_used": gc.mem_alloc(),
            "heap_free": gc.mem_free(),
        }, {"Cache-Control": "no-store"}
