// Draws the time panels of a report from the JSON beside them, and keeps their zooms together.
(function () {
  'use strict';
  const panels = page.data('panels');
  if (!panels) return;
  const colour = page.colour;
  let plots = [];

  function shade(ranges) {
    return plot => {
      const context = plot.ctx;
      context.save();
      context.fillStyle = colour('grid');
      for (const [from, to] of ranges) {
        const left = Math.max(plot.valToPos(from, 'x', true), plot.bbox.left);
        const right = Math.min(plot.valToPos(to, 'x', true), plot.bbox.left + plot.bbox.width);
        if (right > left) context.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
      }
      context.restore();
    };
  }

  function show(group, min, max) {
    for (const plot of plots) if (plot.group === group) plot.setScale('x', { min, max });
  }

  function whole(panel) {
    const last = panel.x.length - 1;
    return [panel.x[0], panel.x[last] + (last > 0 ? panel.x[last] - panel.x[last - 1] : 1)];
  }

  function draw() {
    for (const plot of plots) plot.destroy();
    plots = [];
    for (const panel of panels) {
      const place = document.getElementById(panel.id);
      if (!place || !place.clientWidth || !panel.x.length) continue;
      const [from, to] = whole(panel);
      const options = {
        width: place.clientWidth - 4, height: 150,
        cursor: { sync: { key: panel.group, setSeries: false }, drag: { x: true, y: false } },
        scales: { x: { time: false }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.06 : 1] } },
        axes: [
          page.axis({ values: (_, ticks) => ticks.map(v => v + ' s') }), page.axis({ size: 62 }),
        ],
        series: [{ label: 's', value: (_, v) => v == null ? '' : v.toFixed(3) }].concat(
          panel.series.map(line => ({
            label: line.label, stroke: colour(line.colour), width: 1.5,
            dash: line.dash ? [6, 4] : undefined,
            fill: line.fill ? colour(line.colour) + '55' : undefined,
            paths: uPlot.paths.stepped({ align: 1 }), points: { show: false },
            value: (_, v) => v == null ? '' : String(v) + (line.unit ? ' ' + line.unit : ''),
          }))),
        hooks: {
          drawClear: [shade(panel.shaded || [])],
          setSelect: [plot => {
            if (plot.select.width < 3) return;
            show(panel.group, plot.posToVal(plot.select.left, 'x'),
              plot.posToVal(plot.select.left + plot.select.width, 'x'));
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          }],
        },
      };
      options.cursor.drag.setScale = false;
      const plot = new uPlot(options, [panel.x].concat(panel.series.map(s => s.values)), place);
      plot.group = panel.group;
      plot.over.addEventListener('dblclick', () => show(panel.group, from, to));
      plots.push(plot);
    }
  }

  // Keys of a focused panel: arrows move, plus and minus zoom, 0 or Escape shows all.
  function move(group, key) {
    const plot = plots.find(plot => plot.group === group);
    if (!plot) return false;
    const { min, max } = plot.scales.x;
    const [from, to] = [plot.data[0][0], whole({ x: plot.data[0] })[1]];
    const width = max - min;
    const middle = (min + max) / 2;
    let range;
    if (key === 'ArrowLeft') range = [min - width / 4, max - width / 4];
    else if (key === 'ArrowRight') range = [min + width / 4, max + width / 4];
    else if (key === '+' || key === '=') range = [middle - width / 4, middle + width / 4];
    else if (key === '-') range = [middle - width, middle + width];
    else if (key === '0' || key === 'Escape') range = [from, to];
    else return false;
    const size = Math.min(range[1] - range[0], to - from);
    const start = Math.min(Math.max(range[0], from), to - size);
    show(group, start, start + size);
    return true;
  }

  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const panel = event.target.closest && event.target.closest('.panel');
    if (panel && move(panel.dataset.group, event.key)) event.preventDefault();
  });
  for (const button of document.querySelectorAll('button[data-key]')) {
    button.addEventListener('click', () => move(button.dataset.group, button.dataset.key));
  }
  page.redraw(draw);
  for (const part of document.querySelectorAll('details')) {
    part.addEventListener('toggle', () => { if (part.open && part.querySelector('.panel')) draw(); });
  }
  draw();
})();
