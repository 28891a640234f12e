// Curves: values on pointing or with arrows, methods shown and hidden, and other axes. The plots are drawn already; points move
// sideways only.
site.ready(() => {
  const containers = site.all(".curves");
  const tip = document.querySelector(".tip");
  const SVG = "http://www.w3.org/2000/svg";
  const DODGE = 2.6;

  const tell = (point) => {
    site.all(".point.told").forEach((it) => it.classList.remove("told"));
    tip.hidden = !point;
    if (!point) return;
    point.classList.add("told");
    tip.textContent = point.dataset.title;
    const box = point.querySelector(".mark").getBoundingClientRect();
    const left = Math.min(box.right + 10, innerWidth - tip.offsetWidth - 8);
    const above = box.top - tip.offsetHeight - 6;
    tip.style.left = Math.max(left, 8) + scrollX + "px";
    tip.style.top = (above > 4 ? above : box.bottom + 8) + scrollY + "px";
  };

  // Numbers with three digits and a prefix, and round numbers between two ends.
  const short = (value) => {
    const prefixes = ["", "k", "M", "G", "T"];
    let place = 0;
    let scaled = value;
    while (Math.abs(scaled) >= 999.5 && place + 1 < prefixes.length) {
      scaled /= 1000;
      place += 1;
    }
    return Number(scaled.toPrecision(3)) + prefixes[place];
  };
  const ticks = (low, high) => {
    const found = [];
    if (high / low > 4) {
      for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) {
        found.push(...[1, 2, 5].map((digit) => digit * decade));
      }
    } else {
      const rough = (high - low) / 4;
      const decade = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((digit) => digit * decade).find((it) => it >= rough);
      for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(value);
    }
    return found.filter((value) => value >= low && value <= high);
  };
  const path = (points) => points.map(([x, y], place) => `${place ? "L" : "M"}${x.toFixed(1)} ${y}`).join("");

  // Puts the points of a plot to their values on an axis; `values` has them by series and keep.
  const move = (plot, axis, values) => {
    const all = site.all(".series:not(.off)", plot);
    const of = (series, point) => values.get(series.dataset.series + " " + Number(point.dataset.keep));
    const found = all.flatMap((series) => site.all(".point", series).map((point) => of(series, point)))
      .filter((value) => value !== undefined);
    let [low, high] = [Math.min(...found), Math.max(...found)];
    const margin = Math.max((high / low) ** 0.08, 1.06);
    [low, high] = [low / margin, high * margin];
    const [left, right, bottom] = ["left", "right", "bottom"].map((side) => Number(plot.dataset[side]));
    const at = (value) => {
      const part = Math.log(value / low) / Math.log(high / low);
      return left + (axis.scale === "falling" ? 1 - part : part) * (right - left);
    };
    all.forEach((series, place) => {
      const dodge = (place - (all.length - 1) / 2) * DODGE;
      const line = [];
      for (const point of site.all(".point", series)) {
        const value = of(series, point);
        point.classList.toggle("gone", value === undefined);
        if (value === undefined) continue;
        const x = at(value) + dodge;
        point.setAttribute("transform", `translate(${(x - Number(point.dataset.x)).toFixed(1)} 0)`);
        line.push([x, point.dataset.y]);
      }
      series.querySelector(".line")?.setAttribute("d", path(line));
    });
    const draw = (name, attributes, text) => {
      const element = document.createElementNS(SVG, name);
      Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
      if (text) element.textContent = text;
      return element;
    };
    const drawn = [draw("path", { class: "axis", d: `M${left} ${bottom}H${right}` })];
    let last = -Infinity;
    if (found.length) {
      for (const [x, value] of ticks(low, high).map((it) => [at(it), it]).sort((a, b) => a[0] - b[0])) {
        if (x - last < 30) continue;
        last = x;
        drawn.push(draw("path", { class: "axis", d: `M${x.toFixed(1)} ${bottom}v3` }));
        drawn.push(draw("text", { class: "tick", x: x.toFixed(1), y: bottom + 13, "text-anchor": "middle" }, short(value)));
      }
    }
    drawn.push(draw("text", { class: "tick", x: right, y: bottom + 28, "text-anchor": "end" }, axis.words));
    plot.querySelector(".x-axis").replaceChildren(...drawn);
    plot.setAttribute("aria-label", plot.dataset.label.replace("sparsity", axis.words));
  };

  for (const container of containers) {
    const source = container.querySelector(".curve-data");
    const data = source ? JSON.parse(source.textContent) : { axes: [], series: [] };
    const plots = site.all(".plot", container);
    const buttons = site.all("[data-series][aria-pressed]", container);
    const select = container.querySelector("[data-axis]");
    const first = new Map(buttons.map((button) => [button, button.getAttribute("aria-pressed")]));
    for (const plot of plots) {
      plot.dataset.label = plot.getAttribute("aria-label");
      // What is drawn against sparsity, to be put back.
      plot.sparsity = {
        axis: plot.querySelector(".x-axis").innerHTML,
        lines: site.all(".series .line", plot).map((line) => [line, line.getAttribute("d")]),
      };
      for (const point of site.all(".point", plot)) {
        const title = point.querySelector("title");
        point.dataset.title = title.textContent;
        // Or the browser would show it a second time.
        title.remove();
        point.addEventListener("pointerenter", () => tell(point));
        point.addEventListener("pointerleave", () => tell(null));
      }
      plot.tabIndex = 0;
      plot.addEventListener("blur", () => tell(null));
      plot.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (event.key === "Escape") tell(null);
        if (!step) return;
        event.preventDefault();
        const points = site.all(".series:not(.off) .point:not(.gone)", plot);
        const now = points.findIndex((point) => point.classList.contains("told"));
        const next = now < 0 ? (step > 0 ? 0 : points.length - 1) : (now + step + points.length) % points.length;
        tell(points[next] ?? null);
      });
    }

    const place = () => {
      const axis = data.axes.find((it) => it.name === select.value);
      if (axis && axis.name !== "sparsity") {
        const values = new Map(data.series.flatMap((series) => series.points
          .filter((point) => point[axis.name] !== null)
          .map((point) => [series.style + " " + point.keep, point[axis.name]])));
        plots.forEach((plot) => move(plot, axis, values));
        return;
      }
      for (const plot of plots) {
        plot.querySelector(".x-axis").innerHTML = plot.sparsity.axis;
        plot.sparsity.lines.forEach(([line, d]) => line.setAttribute("d", d));
        plot.setAttribute("aria-label", plot.dataset.label);
        for (const point of site.all(".point", plot)) {
          point.removeAttribute("transform");
          point.classList.remove("gone");
        }
      }
    };
    const show = (button, on) => {
      button.setAttribute("aria-pressed", String(on));
      for (const series of site.all(`.series[data-series="${button.dataset.series}"]`, container)) {
        series.classList.toggle("off", !on);
      }
    };
    const focus = (style) => {
      container.querySelector(".plots").classList.toggle("focus", style !== undefined);
      site.all(".plots .series", container).forEach((it) => it.classList.toggle("hot", it.dataset.series === style));
    };
    for (const button of buttons) {
      button.addEventListener("pointerenter", () => focus(button.dataset.series));
      button.addEventListener("pointerleave", () => focus(undefined));
      button.addEventListener("click", () => {
        show(button, button.getAttribute("aria-pressed") !== "true");
        const changed = buttons.some((it) => it.getAttribute("aria-pressed") !== first.get(it));
        const on = buttons.filter((it) => it.getAttribute("aria-pressed") === "true").map((it) => it.dataset.method);
        site.state.set("methods", changed ? JSON.stringify(on) : "");
        containers.forEach((other) => other.follow?.());
      });
    }
    select.addEventListener("change", () => {
      site.state.set("axis", select.value === "sparsity" ? "" : select.value);
      containers.forEach((other) => other.follow?.());
    });
    container.follow = () => {
      let on = null;
      try { on = JSON.parse(site.state.get("methods") || "null"); } catch { /* Somebody has changed the address by hand. */ }
      for (const button of buttons) {
        show(button, Array.isArray(on) ? on.includes(button.dataset.method) : first.get(button) === "true");
      }
      const wanted = site.state.get("axis") || "sparsity";
      select.value = [...select.options].some((it) => it.value === wanted) ? wanted : "sparsity";
      place();
    };
    site.state.follow(container.follow);
  }
});
