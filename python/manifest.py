# python/manifest.py: what every interpreter has frozen in; the program's own modules follow.
include("$(MPY_DIR)/extmod/asyncio")
package("microdot", ("__init__.py", "microdot.py", "helpers.py", "websocket.py", "sse.py"), base_path="$(MICRODOT_DIR)")
module("website.py", base_path="$(PORT_DIR)")
module("website_policy.py", base_path="$(PORT_DIR)")
module("secrets.py", base_path="$(PORT_DIR)")
