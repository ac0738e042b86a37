// A button on each part that kills it; a clock of small requests that shows what of it is noticed.
"use strict";

(() => {
    const SHOWN_MS = 30000;
    const SLOW_MS = 250, GIVEN_UP_MS = 10000, HIGHEST_MS = 10000;
    const ROWS = [
        { path: "/chaos/tick.txt", every: 100, top: 8, height: 120, ticks: [], slow: SLOW_MS },
        { path: "/api/status", every: 500, top: 150, height: 60, ticks: [], slow: 2 * SLOW_MS },
    ];
    // The killer's own address: in QEMU HTTP_PORT + 2, between them HTTPS (mk/run/run.py); `?killer=HOST:PORT` says another.
    const port = location.protocol === "https:" ? Number(location.port || 443) + 1 : Number(location.port || 80) + 2;
    const killer = "http://" + (new URLSearchParams(location.search).get("killer") || location.hostname + ":" + port);
    const count = { answered: 0, waited: 0, lost: 0 };
    const deaths = [], times = [];
    let longest = 0;
    const show = (id, text) => { document.getElementById(id).textContent = text; };
    const words = (ms) => ms < 10 ? ms.toFixed(1) + " ms" : ms < 1000 ? ms.toFixed(0) + " ms" : (ms / 1000).toFixed(1) + " s";

    // -- the clock --

    async function tick(row) {
        const one = { at: performance.now(), ms: null, how: "" };
        row.ticks.push(one);
        try {
            const answer = await fetch(row.path, { cache: "no-store", signal: AbortSignal.timeout(GIVEN_UP_MS) });
            await answer.arrayBuffer();
            one.ms = performance.now() - one.at;
            one.how = !answer.ok ? "lost" : one.ms > row.slow ? "waited" : "answered";
        } catch (error) {
            one.ms = performance.now() - one.at;
            one.how = "lost";
        }
        if (row === ROWS[0]) {
            account(one);
        }
    }

    function account(one) {
        count[one.how]++;
        times.push(one.ms);
        if (times.length > 300) {
            times.shift();
        }
        if (one.at + one.ms > (deaths.length ? deaths[deaths.length - 1].at : 0)) {
            longest = Math.max(longest, one.ms);
        }
        const sorted = [...times].sort((a, b) => a - b);
        show("answered", count.answered);
        show("waited", count.waited);
        show("lost", count.lost);
        show("median", words(sorted[sorted.length >> 1]));
        show("longest", words(longest));
    }

    function colour(name) {
        return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
    }

    function draw() {
        const canvas = document.getElementById("strip");
        const pen = canvas.getContext("2d"), now = performance.now();
        const x = (at) => canvas.width - (now - at) / SHOWN_MS * canvas.width;
        pen.clearRect(0, 0, canvas.width, canvas.height);
        for (const row of ROWS) {
            row.ticks = row.ticks.filter((one) => now - one.at < SHOWN_MS);
            const wide = Math.max(row.every / SHOWN_MS * canvas.width - 1, 1.5), base = row.top + row.height;
            for (const one of row.ticks) {
                const ms = one.how ? one.ms : now - one.at;
                const part = Math.min(Math.log10(1 + ms) / Math.log10(1 + HIGHEST_MS), 1);
                pen.fillStyle = colour(one.how || (ms > row.slow ? "waited" : "line"));
                pen.fillRect(x(one.at), base - Math.max(part * row.height, 2), wide, Math.max(part * row.height, 2));
            }
            pen.fillStyle = colour("line");
            pen.fillRect(0, base, canvas.width, 1);
        }
        pen.font = "12px system-ui, sans-serif";
        for (const death of deaths.filter((one) => now - one.at < SHOWN_MS)) {
            pen.fillStyle = colour("ink");
            pen.fillRect(x(death.at), 0, 1.5, canvas.height);
            const wide = pen.measureText(death.part).width, right = x(death.at) + 6 + wide < canvas.width;
            pen.fillText(death.part, right ? x(death.at) + 5 : x(death.at) - 4 - wide, 12 + 14 * (death.number % 3));
        }
        requestAnimationFrame(draw);
    }

    // -- the parts --

    async function ask(method, path) {
        const answer = await fetch(killer + path, { method, cache: "no-store", signal: AbortSignal.timeout(GIVEN_UP_MS) });
        return { status: answer.status, said: await answer.json() };
    }

    async function kill(box) {
        const part = box.dataset.part;
        box.classList.add("dead");
        deaths.push({ at: performance.now(), part, number: deaths.length });
        longest = 0;
        show("said", "");
        try {
            const { status, said } = await ask("POST", "/kill/" + part);
            show("said", status === 200 ? part + " has died." : part + ": " + said.said + ".");
        } catch (error) {
            show("said", "The killer does not answer: " + error.message);
        }
        setTimeout(() => box.classList.remove("dead"), 400);
        look();
    }

    async function look() {
        try {
            const { said } = await ask("GET", "/parts");
            for (const part of said.parts) {
                const box = document.querySelector('[data-part="' + part.name + '"]');
                if (box && part.deaths) {
                    box.querySelector(".count").textContent = "died " + (part.deaths === 1 ? "once" : part.deaths + " times");
                }
            }
            return said.parts.map((part) => part.name);
        } catch (error) {
            return null;
        }
    }

    function arm(box) {
        box.setAttribute("tabindex", "0");
        box.setAttribute("role", "button");
        box.setAttribute("aria-label", "Kill " + box.dataset.part);
        box.addEventListener("click", () => kill(box));
        box.addEventListener("keydown", (event) => {
            if (event.key === "Enter" || event.key === " ") {
                event.preventDefault();
                kill(box);
            }
        });
    }

    async function begin() {
        const there = await look();
        document.getElementById("absent").hidden = there !== null;
        for (const box of document.querySelectorAll("[data-part]")) {
            if (there && there.includes(box.dataset.part)) {
                arm(box);
            }
        }
        if (there && there.includes("tls")) {       // a row more
            document.getElementById("main").classList.add("https");
            document.getElementById("picture").setAttribute("viewBox", "0 -98 760 550");
        }
        if (there) {
            setInterval(look, 2000);
        }
    }

    for (const row of ROWS) {
        tick(row);
        setInterval(() => tick(row), row.every);
    }
    requestAnimationFrame(draw);
    begin();
})();
