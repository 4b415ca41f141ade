"use strict";
(() => {
  const three = (v) => { const s = Math.abs(v); return s >= 99.95 ? Math.round(v).toLocaleString("en-US") : s >= 9.995 ? v.toFixed(1) : s >= 0.0995 || s === 0 ? v.toFixed(2) : v.toFixed(4); };
  const scaled = (v, steps) => { const step = steps.find(([size]) => Math.abs(v) >= size) || steps[steps.length - 1]; return three(v / step[0]) + " " + step[1]; };
  const text = (v, unit) => {
    if (unit === "ratio") return (v * 100).toFixed(Math.abs(v) > 0.99 && v < 1 ? 4 : 2) + "%";
    if (unit === "seconds") return v === 0 ? "0 s" : scaled(v, [[1, "s"], [1e-3, "ms"], [1e-6, "\u00b5s"], [1e-9, "ns"]]);
    if (unit === "bytes") return scaled(v, [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [1024, "KiB"], [1, "B"]]);
    return (unit === "dollars" ? "$" : "") + three(v) + (unit === "rate" ? "/s" : "");
  };
  const clock = (s) => {
    const whole = Math.floor(s), day = Math.floor(whole / 86400), rest = whole % 86400;
    const two = (n) => String(n).padStart(2, "0");
    const time = two(Math.floor(rest / 3600)) + ":" + two(Math.floor(rest / 60) % 60) + (rest % 60 ? ":" + two(rest % 60) : "");
    return day > 0 ? "day " + (day + 1) + ", " + time : time;
  };
  const across = (x, kind, unit, levels) => kind === "levels" ? levels[Math.round(x)] : kind === "time" ? clock(x) : kind === "quantiles" ? +((1 - 10 ** -x) * 100).toFixed(4) + "%" : text(x, unit);

  for (const figure of document.querySelectorAll("figure")) {
    const found = figure.querySelector(".data");
    if (!found) continue;
    const data = JSON.parse(found.textContent), labelled = data.s.some(({ t }) => t), zoomable = !labelled && !data.l;
    const series = data.s.map(({ n, p, t }) => ({ name: n, labels: t, points: p.reduce((list, v, i) => (i % 2 ? list[list.length - 1].push(v) : list.push([v]), list), []), shown: true }));
    for (const button of figure.querySelectorAll(".legend button")) {
      button.addEventListener("click", () => {
        const number = +button.dataset.s;
        series[number].shown = !series[number].shown;
        button.setAttribute("aria-pressed", series[number].shown);
        for (const part of figure.querySelectorAll(`.plot .l${number},.plot .a${number}`)) part.classList.toggle("off", !series[number].shown);
      });
    }
    const plot = figure.querySelector(".plot");
    const drawings = [...plot.querySelectorAll("svg")].map((svg) => {
      const [left, right, low, high, bottom, top, least, most] = svg.dataset.plot.split(" ").map(Number);
      const paths = [...svg.querySelectorAll("path[class^=l],polygon")].map((shape) => ({ shape, points: pointsOf(shape) }));
      return { svg, left, right, low, high, bottom, top, least, most, from: low, to: high, paths, ticks: [...svg.querySelectorAll(".t")], extra: [] };
    });
    const current = () => drawings.find(({ svg }) => svg.clientWidth > 0);
    const tip = document.createElement("div"); tip.className = "tip"; tip.hidden = true;
    const cross = document.createElement("div"); cross.className = "cross"; cross.hidden = true;
    const pick = document.createElement("div"); pick.className = "pick"; pick.hidden = true;
    plot.append(cross, pick, tip);
    const reset = document.createElement("button"); reset.type = "button"; reset.className = "reset"; reset.textContent = "whole run"; reset.hidden = true;
    figure.append(reset);

    const place = (event) => {
      const drawing = current(); if (!drawing) return null;
      const box = drawing.svg.getBoundingClientRect();
      const scale = drawing.svg.viewBox.baseVal.width / box.width;
      const at = Math.min(drawing.right, Math.max(drawing.left, (event.clientX - box.left) * scale));
      const x = drawing.from + (at - drawing.left) / (drawing.right - drawing.left) * (drawing.to - drawing.from);
      const height = (drawing.bottom - (event.clientY - box.top) * scale) / (drawing.bottom - drawing.top);
      return { drawing, x, y: drawing.least + height * (drawing.most - drawing.least), pixel: at / scale, width: box.width };
    };
    let begun = null;
    plot.addEventListener("pointerdown", (event) => { if (zoomable && event.pointerType === "mouse") begun = place(event); });
    plot.addEventListener("pointermove", (event) => {
      const here = place(event); if (!here) return;
      tip.replaceChildren(); const head = document.createElement("b"); tip.append(head);
      let nearest = null;
      if (labelled) {
        const { low, high, least, most } = here.drawing;
        const far = ([x, y]) => Math.hypot((x - here.x) / (high - low), (y - here.y) / (most - least));
        const all = series.filter((one) => one.shown).flatMap((one) => one.points.map((point, i) => ({ point, label: one.labels[i] })));
        const best = all.reduce((best, one) => best === null || far(one.point) < far(best.point) ? one : best, null);
        if (best) {
          nearest = best.point[0];
          for (const line of [best.label, text(best.point[1], data.u)]) { const part = document.createElement("div"); part.textContent = line; tip.append(part); }
        }
      } else for (const one of series) {
        if (!one.shown || !one.points.length) continue;
        const point = one.points.reduce((best, p) => Math.abs(p[0] - here.x) < Math.abs(best[0] - here.x) ? p : best);
        if (nearest === null || Math.abs(point[0] - here.x) < Math.abs(nearest - here.x)) nearest = point[0];
        const line = document.createElement("div"); line.textContent = one.name + ": " + text(point[1], data.u); tip.append(line);
      }
      head.textContent = across(nearest === null ? here.x : nearest, data.x, data.xu || data.u, data.l);
      tip.hidden = cross.hidden = false;
      cross.style.left = here.pixel + "px";
      tip.style.top = "4px";
      const room = tip.offsetWidth + 12;
      tip.style.left = Math.max(0, here.pixel + room > here.width ? here.pixel - room : here.pixel + 12) + "px";
      pick.hidden = !begun;
      if (begun) { pick.style.left = Math.min(begun.pixel, here.pixel) + "px"; pick.style.width = Math.abs(begun.pixel - here.pixel) + "px"; }
    });
    plot.addEventListener("pointerleave", () => { tip.hidden = cross.hidden = pick.hidden = true; begun = null; });
    plot.addEventListener("pointerup", (event) => {
      const here = place(event);
      if (begun && here && Math.abs(begun.pixel - here.pixel) > 8) zoom(Math.min(begun.x, here.x), Math.max(begun.x, here.x));
      begun = null; pick.hidden = true;
    });
    reset.addEventListener("click", () => zoom(null));
    plot.addEventListener("dblclick", () => zoom(null));

    const zoom = (from, to) => {
      for (const drawing of drawings) {
        drawing.from = from === null ? drawing.low : from;
        drawing.to = from === null ? drawing.high : to;
        redraw(drawing);
      }
      reset.hidden = from === null;
    };
    const redraw = (drawing) => {
      const { left, right, low, high, from, to } = drawing;
      const whole = from === low && to === high;
      const moved = (x) => left + ((low + (x - left) / (right - left) * (high - low)) - from) / (to - from) * (right - left);
      for (const { shape, points } of drawing.paths) {
        const at = points.map(([x, y]) => [moved(x), y]);
        if (shape.tagName === "polygon") shape.setAttribute("points", at.map(([x, y]) => Math.min(right, Math.max(left, x)).toFixed(0) + "," + y).join(" "));
        else {
          const kept = at.filter(([x], i) => (x >= left && x <= right) || (at[i + 1] && at[i + 1][0] >= left && x < left) || (i && at[i - 1][0] <= right && x > right));
          const clipped = kept.map(([x, y], i) => {
            const edge = x < left ? left : x > right ? right : null, other = kept[x < left ? i + 1 : i - 1];
            return edge === null || !other || other[0] === x ? [Math.min(right, Math.max(left, x)), y] : [edge, y + (other[1] - y) * (edge - x) / (other[0] - x)];
          });
          shape.setAttribute("d", clipped.length ? "M" + clipped.map(([x, y]) => x.toFixed(0) + " " + y.toFixed(0)).join("L") : "");
        }
      }
      for (const tick of drawing.ticks) tick.classList.toggle("off", !whole);
      drawing.extra.forEach((one) => one.remove()); drawing.extra = [];
      if (whole) return;
      const height = drawing.svg.viewBox.baseVal.height;
      for (const [x, anchor, value] of [[left, "start", from], [(left + right) / 2, "middle", (from + to) / 2], [right, "end", to]]) {
        const label = document.createElementNS("http://www.w3.org/2000/svg", "text");
        label.setAttribute("x", x); label.setAttribute("y", height - 60); label.setAttribute("text-anchor", anchor);
        label.textContent = across(value, data.x, data.u);
        drawing.svg.append(label); drawing.extra.push(label);
      }
    };
  }
  function pointsOf(shape) {
    if (shape.tagName === "polygon") return shape.getAttribute("points").split(" ").map((pair) => pair.split(",").map(Number));
    const numbers = shape.getAttribute("d").match(/-?\d+/g).map(Number), points = [];
    for (let i = 0; i + 1 < numbers.length; i += 2) {
      const last = points[points.length - 1];
      points.push(last ? [last[0] + numbers[i], last[1] + numbers[i + 1]] : [numbers[i], numbers[i + 1]]);
    }
    return points;
  }
})();
