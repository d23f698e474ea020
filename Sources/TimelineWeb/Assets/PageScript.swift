/// The pages' script: keys, the brush on drawings of time, and what a running ingest or playbook writes. Everything can be
/// read without it. It puts text into the page only as text.
enum PageScript {
  static let text = #"""
    "use strict";
    (() => {
      const body = document.body;
      const rows = () => [...document.querySelectorAll("main tr[data-row]")];
      let at = -1;

      // Keys. A modifier or a field being typed in means that the key is not for us.
      const show = (index) => {
        const list = rows();
        if (!list.length) return;
        at = Math.max(0, Math.min(list.length - 1, index));
        // What Enter opens: the event or the row's own link, not the star before it.
        const target = ["a[href^='/event/']", "td a", "button, [tabindex]"]
          .map((selector) => list[at].querySelector(selector)).find((found) => found);
        if (target) target.focus();
        list[at].scrollIntoView({ block: "nearest" });
      };
      const here = () => {
        const list = rows();
        const focused = document.activeElement && document.activeElement.closest("tr[data-row]");
        return focused ? list.indexOf(focused) : at;
      };
      document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
        const field = event.target.closest("input, textarea, select");
        if (field) {
          if (event.key === "Escape") field.blur();
          return;
        }
        const list = rows();
        switch (event.key) {
          case "j": show(here() + 1); break;
          case "k": show(here() - 1); break;
          case "e": {
            const from = here() + 1;
            const next = list.findIndex((row, index) => index >= from && row.classList.contains("bad"));
            if (next >= 0) show(next);
            else { const more = document.querySelector("main a[rel=next]"); if (more) more.focus(); }
            break;
          }
          case "s": {
            const row = list[here()];
            const star = (row && row.querySelector("button.star")) || document.getElementById("star");
            if (star) star.click();
            break;
          }
          case "/": {
            const search = document.getElementById("search") || document.querySelector("main input[type=search], main textarea");
            if (search) { search.focus(); if (search.select) search.select(); }
            else location.assign("/timeline#search");
            break;
          }
          case "?": location.assign("/help"); break;
          default: return;
        }
        event.preventDefault();
      });

      // The brush: a stretch of a drawing of time becomes since and until in the address.
      const stamp = (nanoseconds) => {
        const seconds = nanoseconds / 1000000000n;
        const date = new Date(Number(seconds) * 1000);
        return date.toISOString().slice(0, 19) + "Z";
      };
      for (const holder of document.querySelectorAll("[data-brush]")) {
        const svg = holder.querySelector("svg[data-start]");
        if (!svg) continue;
        const data = svg.dataset;
        const [left, right, top, bottom] = [data.left, data.right, data.top, data.bottom].map(Number);
        const [start, end] = [BigInt(data.start), BigInt(data.end)];
        svg.classList.add("brushing");
        const place = (event) => {
          const box = svg.getBoundingClientRect();
          const x = (event.clientX - box.left) / box.width * Number(data.width);
          return Math.max(left, Math.min(right, x));
        };
        let from = null, mark = null;
        svg.addEventListener("pointerdown", (event) => {
          if (event.button !== 0) return;
          from = place(event);
          mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
          mark.setAttribute("class", "brush");
          mark.setAttribute("y", top);
          mark.setAttribute("height", bottom - top);
          svg.append(mark);
          svg.setPointerCapture(event.pointerId);
        });
        svg.addEventListener("pointermove", (event) => {
          if (from === null) return;
          const to = place(event);
          mark.setAttribute("x", Math.min(from, to));
          mark.setAttribute("width", Math.abs(to - from));
        });
        const stop = () => { if (mark) mark.remove(); from = mark = null; };
        svg.addEventListener("pointercancel", stop);
        svg.addEventListener("pointerup", (event) => {
          if (from === null) return;
          const ends = [from, place(event)].sort((a, b) => a - b);
          stop();
          if (ends[1] - ends[0] < 3) return;
          const time = (x) => start + (end - start) * BigInt(Math.round((x - left) * 1000)) / BigInt(Math.round((right - left) * 1000));
          let [since, until] = ends.map(time);
          // Whole minutes where that loses nothing to the eye: they are counted beforehand.
          const minute = 60000000000n;
          const step = until - since > 20n * minute ? minute : 1000000000n;
          since = since / step * step;
          until = (until + step - 1n) / step * step;
          const link = new URL(holder.dataset.brush, location.href);
          link.searchParams.set("since", stamp(since));
          link.searchParams.set("until", stamp(until));
          location.assign(link);
        });
      }

      // What is being written while somebody looks.
      if (body.dataset.page !== undefined && window.EventSource) {
        const live = document.getElementById("live");
        const trace = Number(body.dataset.trace || 0);
        let first = null;
        const source = new EventSource("/live");
        const offer = (words) => {
          if (!live) return;
          live.textContent = "";
          const link = document.createElement("a");
          link.href = location.href;
          link.textContent = words;
          live.append(link);
        };
        source.addEventListener("state", (event) => {
          const now = JSON.parse(event.data);
          for (const name of ["events", "newest"]) {
            for (const element of document.querySelectorAll(`[data-live=${name}]`)) element.textContent = now[name] || "none";
          }
          if (now.trace > trace) return offer("a new trace was made: load it");
          if (first === null) { first = now; return; }
          if (now.events !== first.events) return offer("new evidence: load it");
          if (now.journal !== first.journal) {
            if (body.dataset.page === "response" && !document.querySelector("main form :focus")) location.reload();
            else offer("a playbook is running: load it");
          } else if (now.notes !== first.notes) offer("new notes: load them");
        });
        source.addEventListener("gone", () => {
          source.close();
          if (live) live.textContent = "the case has gone or was replaced; load the page to see why";
        });
        window.addEventListener("pagehide", () => source.close());
      }
    })();

    """#
}
