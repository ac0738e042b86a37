// What this server does right now, measured from here: the time of small requests, the speed of a large file, its headers.
"use strict";

(() => {
    const panel = document.getElementById("live");
    if (!panel || !window.fetch) {
        return;
    }
    const PROBES = 12;
    const show = (id, text) => { document.getElementById(id).textContent = text; };
    const buttons = panel.querySelectorAll("button");
    const busy = (state) => buttons.forEach((button) => { button.disabled = state; });

    async function probe() {
        const start = performance.now();
        const answer = await fetch("/css/style.css", { method: "HEAD", cache: "no-store" });
        if (!answer.ok) {
            throw new Error("status " + answer.status);
        }
        return { answer, ms: performance.now() - start };
    }

    function draw(times) {
        const top = Math.max(...times) * 1.15;
        const step = 100 / (PROBES - 1);
        const points = times.map((ms, i) => (i * step).toFixed(2) + "," + (30 - 28 * ms / top).toFixed(2));
        document.getElementById("spark-line").setAttribute("points", points.join(" "));
    }

    async function measure() {
        busy(true);
        const times = [];
        try {
            for (let i = 0; i < PROBES; i++) {
                const { answer, ms } = await probe();
                times.push(ms);
                draw(times);
                const sorted = [...times].sort((a, b) => a - b);
                show("live-latency", sorted[sorted.length >> 1].toFixed(1) + " ms");
                show("live-best", sorted[0].toFixed(1) + " ms");
                show("live-server", answer.headers.get("Server") || "-");
                show("live-date", (answer.headers.get("Date") || "-").slice(-12));
            }
            show("live-state", "");
        } catch (error) {
            show("live-state", "No answer: " + error.message);
        }
        busy(false);
    }

    async function download() {
        busy(true);
        try {
            const start = performance.now();
            const answer = await fetch("/files/ten-mebibytes.bin", { cache: "no-store" });
            if (!answer.ok) {
                throw new Error("status " + answer.status);
            }
            const reader = answer.body.getReader();
            let bytes = 0;
            for (let part = await reader.read(); !part.done; part = await reader.read()) {
                bytes += part.value.length;
                const seconds = (performance.now() - start) / 1000;
                show("live-state", (bytes / 1e6).toFixed(1) + " MB in " + seconds.toFixed(1) + " s: " + (bytes / 1e6 / seconds).toFixed(1) + " MB/s");
            }
        } catch (error) {
            show("live-state", "No answer: " + error.message);
        }
        busy(false);
    }

    document.getElementById("live-again").addEventListener("click", measure);
    document.getElementById("live-large").addEventListener("click", download);
    measure();
})();
