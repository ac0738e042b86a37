# python/manifest.py: what every interpreter has frozen in; the program's own modules follow.
include("$(MPY_DIR)/extmod/asyncio")
package("asyncio", ("queues.py",), base_path="$(PORT_DIR)")
package("microdot", ("__init__.py", "microdot.py", "auth.py", "cors.py", "csrf.py", "helpers.py", "login.py", "multipart.py",
                     "session.py", "sse.py", "test_client.py", "utemplate.py", "websocket.py"),
        base_path="$(MICRODOT_DIR)")
module("website.py", base_path="$(PORT_DIR)")
module("website_policy.py", base_path="$(PORT_DIR)")
module("website_compress.py", base_path="$(PORT_DIR)")
module("secrets.py", base_path="$(PORT_DIR)")
package("_lib", base_path="$(PORT_DIR)")     # asked for last: a file of the export may have these names
