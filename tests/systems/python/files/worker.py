import asyncio

import fs_async
import helper


async def main():
    f = await fs_async.open("/helper.py")
    print("worker:", __name__, helper.WORD, len(await f.read(1000)) == f.stat()[6])
    await asyncio.sleep(1000)


asyncio.run(main())
