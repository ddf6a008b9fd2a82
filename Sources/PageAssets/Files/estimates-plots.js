// The pictures of a page of estimates: bars of one figure, and curves over batches.
function estimatePlots(grid, picked) {
  'use strict';
  const { digits, make } = page;
  const { value } = picked;

  // Of each figure that bars may show: a row's, its limit, what is better, and what to say where it is not there.
  const measures = {
    'tokens/s a device': row => [row.each, null, 'more is better'],
    TTFT: row => [row.ttft, row.limits && row.limits.ttft, 'ms, less is better'],
    TPOT: row => [row.tpot, row.limits && row.limits.tpot, 'ms, less is better'],
    'end to end': row => [row.whole / 1000, null, 's, less is better'],
    '$/M tokens': row => [row.cost, null, 'less is better', 'no price'],
    'J/token': row => [row.energy, null, 'less is better', 'not known'],
  };
  const stroke = index => page.colour('line-' + index % 10);

  function drawBars(all) {
    const name = value('bars');
    const measured = all.map(row => row.reason ? [null] : measures[name](row));
    const longest = Math.max(...measured.map(([size]) => size || 0));
    document.getElementById('bars-title').textContent =
      name + ', ' + measures[name]({})[2] + (measured.some(([, limit]) => limit) ? '; the dashed mark is the limit' : '');
    document.getElementById('bars').replaceChildren(...all.map((row, index) => {
      const [size, limit, , lacking] = measured[index];
      const item = make('li');
      item.append(make('span', row.name, { class: 'name' }));
      if (size == null) {
        item.append(make('span', row.reason ? row.reason.split(':')[0] : lacking, { class: 'none' }));
        return item;
      }
      const track = make('span', null, { class: 'track', 'aria-hidden': 'true' });
      const bar = make('i');
      bar.style.width = 100 * size / longest + '%';
      bar.style.background = stroke(index);
      track.append(bar);
      if (limit && limit <= longest) {
        const mark = make('b');
        mark.style.left = 100 * limit / longest + '%';
        track.append(mark);
      }
      item.append(track, make('span', digits(size), { class: 'value' }));
      return item;
    }));
  }

  let plot = null;

  // Each row's tokens a second and device against its time per token.
  function drawCurves(lines) {
    const holder = document.getElementById('curve');
    if (plot) plot.destroy();
    plot = null;
    const there = point => !point.reason;
    const x = [...new Set(lines.flatMap(line => line.points.filter(there).map(point => point.tpot)))].sort((a, b) => a - b);
    holder.setAttribute('aria-label', 'Curves over batches; the same as a table is below.');
    if (!x.length) {
      holder.textContent = 'Nothing fits.';
      return;
    }
    holder.textContent = '';
    const column = line => {
      const known = new Map(line.points.filter(there).map(point => [point.tpot, point.each]));
      return x.map(time => known.has(time) ? known.get(time) : null);
    };
    const limits = [...new Set(lines.filter(line => line.limits).map(line => line.limits.tpot))];
    const limit = limits.length === 1 ? limits[0] : null;
    plot = new uPlot({
      width: holder.clientWidth - 4, height: 320, legend: { live: false }, cursor: { show: false },
      scales: {
        x: { time: false, range: (_, low, high) => [0, high * 1.04] },
        y: { range: (_, low, high) => [0, high * 1.06] },
      },
      axes: [
        page.axis({ label: 'TPOT, ms' + (limit ? ' (dashed: the limit)' : ''), labelSize: 22, labelFont: '12px sans-serif' }),
        page.axis({ size: 66 }),
      ],
      series: [{}].concat(lines.map((line, index) => ({
        label: line.name, stroke: stroke(index), width: 2, spanGaps: true,
        dash: index >= 10 ? [6, 4] : undefined, points: { show: true, size: 5 },
      }))),
      hooks: {
        draw: [drawn => {
          if (!limit || limit > drawn.scales.x.max) return;
          const at = drawn.valToPos(limit, 'x', true);
          const context = drawn.ctx;
          context.save();
          context.strokeStyle = page.colour('bad');
          context.setLineDash([6, 5]);
          context.beginPath();
          context.moveTo(at, drawn.bbox.top);
          context.lineTo(at, drawn.bbox.top + drawn.bbox.height);
          context.stroke();
          context.restore();
        }],
      },
    }, [x].concat(lines.map(column)), holder);
  }

  return { drawBars, drawCurves };
}
