// Compares estimates: what is chosen is looked up in the grid beside this script, and kept in the address.
(function () {
  'use strict';
  const grid = page.data('grid');
  if (!grid) return;
  const form = document.getElementById('pickers');
  const own = 'own lengths';

  // ---- The grid

  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

  // A packed number with its mark, or null where there is none (PackedNumbers in the program's source).
  function packed(text, index) {
    const part = text.slice(4 * index, 4 * index + 4);
    if (part.trim() === '') return null;
    let code = 0;
    for (const letter of part) code = code * 64 + alphabet.indexOf(letter);
    const digits = code % 100000;
    const head = (code - digits) / 100000;
    return { value: Number(digits + 'e' + (head % 16 - 8)), mark: head >> 4 };
  }

  // What a choice takes, or the reason why it cannot be. Lengths, batch and the rest are places in the grid.
  function estimate(choice) {
    const { model, type, devices, platform, batch, input, output } = choice;
    const machine = grid.platforms[platform];
    const placement = (model * grid.types.length + type) * grid.devices.length + devices;
    const short = batch * grid.inputs.length + input;
    const long = short * grid.outputs.length + output;
    const count = grid.devices[devices];
    if (grid.faults[placement]) return { reason: grid.faults[placement] };
    if (count > machine.devices) {
      return { reason: machine.name + ' joins ' + machine.devices + (machine.devices === 1 ? ' device' : ' devices') };
    }
    const weights = packed(grid.weights, placement).value;
    const cache = packed(grid.caches[placement], long).value;
    const activations = packed(grid.activations[placement], short).value;
    const memory = weights + cache + activations;
    const row = placement * grid.platforms.length + platform;
    const next = packed(grid.tpot[row], long);
    if (!next) {
      return {
        misfit: true,
        reason: 'does not fit: ' + digits(memory) + ' GiB of ' + machine.memory + ' a device (weights ' + digits(weights)
          + ', keys and values ' + digits(cache) + ', rest ' + digits(activations) + ')',
      };
    }
    const first = packed(grid.ttft[row], short);
    const tokens = grid.batches[batch] * grid.outputs[output];
    const whole = first.value + (grid.outputs[output] - 1) * next.value;
    const rate = tokens / whole * 1000;
    return {
      count, memory, ttft: first.value, tpot: next.value, whole, rate, each: rate / count,
      cost: machine.price == null ? null : machine.price * count * whole / 3.6e6 / tokens * 1e6,
      bounds: [grid.bounds[first.mark], grid.bounds[next.mark]],
    };
  }

  // The same, with as few devices as it takes where that is asked for.
  function answer(choice) {
    if (choice.devices >= 0) {
      const found = estimate(choice);
      if (!found.misfit) return found;
      const enough = grid.devices.find((count, devices) =>
        count > grid.devices[choice.devices] && !estimate({ ...choice, devices }).reason);
      return enough ? { reason: found.reason + '; fits on ' + enough } : found;
    }
    let last;
    for (let devices = 0; devices < grid.devices.length; devices++) {
      const found = estimate({ ...choice, devices });
      if (!found.reason) return found;
      // A lack of memory says more than a size that there is not.
      if (!last || found.misfit || !last.misfit) last = found;
    }
    return last;
  }

  // ---- What is chosen

  const value = name => form.elements[name].value;
  const place = (list, name) => list.findIndex(one => String(one.name || one) === name);

  function chosen() {
    return {
      model: place(grid.models, value('model')), platform: place(grid.platforms, value('platform')),
      type: place(grid.types, value('type')), devices: place(grid.devices, value('devices')),
      batch: place(grid.batches, value('batch')), input: place(grid.inputs, value('input')),
      output: place(grid.outputs, value('output')),
    };
  }

  const fits = (one, input, output) => one.input === input && one.output === output;

  // The chosen use case, or null where lengths are one's own.
  function useCase(input, output) {
    return grid.useCases.find(one => one.name === value('use') && fits(one, input, output)) || null;
  }

  // What each kind of comparison varies: the pickers that it takes the place of, and its rows.
  const comparisons = {
    platforms: { of: ['platform'], rows: () => each('platform', grid.platforms) },
    models: { of: ['model'], rows: () => each('model', grid.models) },
    types: { of: ['type'], rows: () => each('type', grid.types) },
    devices: { of: ['devices'], rows: () => each('devices', grid.devices.map(count => 'TP ' + count)) },
    batches: { of: ['batch'], rows: () => each('batch', grid.batches.map(batch => batch + ' at once')) },
    'use cases': {
      of: ['use', 'input', 'output'],
      rows: () => grid.useCases.map(one => ({
        name: one.name, limits: one,
        input: grid.inputs.indexOf(one.input), output: grid.outputs.indexOf(one.output),
      })),
    },
  };
  const each = (key, list) => list.map((one, index) => ({ name: String(one.name || one), [key]: index }));

  function rows() {
    const choice = chosen();
    return comparisons[value('by')].rows().map(row => {
      const full = { ...choice, ...row };
      const limits = row.limits || useCase(grid.inputs[full.input], grid.outputs[full.output]);
      return { name: row.name, choice: full, limits, ...answer(full) };
    });
  }

  // ---- The page

  // At least four digits.
  function digits(number) {
    return Math.abs(number) >= 1000 ? Math.round(number).toLocaleString('en') : Number(number).toPrecision(4);
  }

  function make(name, text, attributes) {
    const element = document.createElement(name);
    if (text != null) element.textContent = text;
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  }

  const grouped = number => number.toLocaleString('en');

  // Whether a row keeps to its limits, if it has any, and how far it is from them.
  function verdict(row) {
    if (!row.limits) return { text: '', tone: '' };
    const [ttft, tpot] = [row.ttft / row.limits.ttft, row.tpot / row.limits.tpot];
    if (Math.max(ttft, tpot) <= 1) return { text: 'met', tone: 'good' };
    const worst = ttft > tpot ? 'TTFT' : 'TPOT';
    return { text: 'missed, ' + worst + ' × ' + Math.max(ttft, tpot).toPrecision(3), tone: 'bad', ttft: ttft > 1, tpot: tpot > 1 };
  }

  // A table that scrolls; a cell is a text, or a text and a class.
  function table(caption, titles, lines) {
    const frame = make('div', null, { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption });
    const body = make('tbody');
    const head = make('tr');
    for (const title of titles) {
      head.append(make('th', title, { scope: 'col', class: ['', 'limits', 'bound by'].includes(title) ? 'left' : 'right' }));
    }
    for (const cells of lines) {
      const line = make('tr');
      cells.forEach((cell, index) => {
        const [text, style, span] = [].concat(cell);
        line.append(make(index ? 'td' : 'th', text,
          index ? { class: style || 'right', colspan: span || 1 } : { scope: 'row', class: 'left' }));
      });
      body.append(line);
    }
    const whole = make('table');
    const top = make('thead');
    top.append(head);
    whole.append(make('caption', caption), top, body);
    frame.append(whole);
    return frame;
  }

  const heads = ['', 'limits', 'devices', 'TTFT ms', 'TPOT ms', 'end to end s', 'tokens/s', 'a device',
    '$/M tokens', 'GiB of device', 'bound by'];

  function cells(row) {
    if (row.reason) return [row.name, [row.reason, 'left wrap doubt', heads.length - 1]];
    const said = verdict(row);
    const late = isLate => isLate ? 'right bad' : 'right';
    return [
      row.name, [said.text, 'left ' + said.tone], String(row.count), [digits(row.ttft), late(said.ttft)],
      [digits(row.tpot), late(said.tpot)], digits(row.whole / 1000), digits(row.rate), digits(row.each),
      row.cost == null ? 'no price' : digits(row.cost),
      digits(row.memory) + ' of ' + grid.platforms[row.choice.platform].memory,
      [row.bounds.map(name => name === 'latency' ? 'launches' : name).join(' / '), 'left'],
    ];
  }

  // What is the same in all rows, in a sentence.
  function heading() {
    const by = value('by');
    const choice = chosen();
    const [input, output] = [grid.inputs[choice.input], grid.outputs[choice.output]];
    const limits = useCase(input, output);
    const parts = [
      [by === 'models', value('model')], [by === 'platforms', 'on ' + value('platform')],
      [by === 'types', 'in ' + value('type')],
      [by === 'devices', choice.devices < 0 ? 'on the fewest devices that fit' : 'TP ' + value('devices')],
      [by === 'batches', value('batch') + ' at once'],
      [by === 'use cases', grouped(input) + ' tokens in, ' + grouped(output) + ' out'
        + (limits ? ' (' + limits.name + ': TTFT at most ' + limits.ttft + ' ms, TPOT ' + limits.tpot + ' ms)' : '')],
    ];
    return by[0].toUpperCase() + by.slice(1) + ' side by side: '
      + parts.filter(([varies]) => !varies).map(([, text]) => text).join(', ') + '.';
  }

  // Which rows fit, keep to limits, and rest on what a device has not.
  function summary(all) {
    const there = all.filter(row => !row.reason);
    const met = there.filter(row => verdict(row).text === 'met');
    let text = there.length + ' of ' + all.length + ' fit';
    if (all.some(row => row.limits)) text += ', ' + met.length + ' keep to the limits';
    const best = there.reduce((most, row) => !most || row.each > most.each ? row : most, null);
    if (best) text += '; most tokens a second and device: ' + best.name + ', ' + digits(best.each);
    text += '.';
    const lacking = there.filter(row =>
      grid.platforms[row.choice.platform].lacks.includes(grid.types[row.choice.type]));
    if (lacking.length) {
      text += ' No units for the type, so that a wider one\'s rate is taken: '
        + [...new Set(lacking.map(row => grid.platforms[row.choice.platform].device))].join(', ') + '.';
    }
    const long = there.filter(row => grid.models[row.choice.model].positions
      < grid.inputs[row.choice.input] + grid.outputs[row.choice.output]);
    if (long.length) {
      text += ' Made for fewer positions than that: '
        + [...new Set(long.map(row => grid.models[row.choice.model].name))].join(', ') + '.';
    }
    return text;
  }

  const measures = {
    'tokens/s a device': row => [row.each, null, 'more is better'],
    TTFT: row => [row.ttft, row.limits && row.limits.ttft, 'ms, less is better'],
    TPOT: row => [row.tpot, row.limits && row.limits.tpot, 'ms, less is better'],
    'end to end': row => [row.whole / 1000, null, 's, less is better'],
    '$/M tokens': row => [row.cost, null, 'less is better'],
  };
  const stroke = index => page.colour('line-' + index % 10);

  function drawBars(all) {
    const name = value('bars');
    const measured = all.map(row => row.reason ? [null] : measures[name](row));
    const longest = Math.max(...measured.map(([size]) => size || 0));
    document.getElementById('bars-title').textContent =
      name + ', ' + measures[name]({})[2] + (measured.some(([, limit]) => limit) ? '; the dashed mark is the limit' : '');
    document.getElementById('bars').replaceChildren(...all.map((row, index) => {
      const [size, limit] = measured[index];
      const item = make('li');
      item.append(make('span', row.name, { class: 'name' }));
      if (size == null) {
        item.append(make('span', row.reason ? row.reason.split(':')[0] : 'no price', { class: 'none' }));
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

  // The curves: each row at every batch that fits on as many devices.
  function curves(all) {
    const kept = value('by') === 'batches' ? all.slice(0, 1).map(row => ({ ...row, name: value('platform') })) : all;
    return kept.map(row => {
      const devices = row.count ? grid.devices.indexOf(row.count)
        : row.choice.devices >= 0 ? row.choice.devices : grid.devices.length - 1;
      const points = grid.batches.map((_, batch) => estimate({ ...row.choice, batch, devices }));
      return { name: row.name, limits: row.limits, points };
    });
  }

  let plot = null;
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

  function curveTable(lines) {
    return table('TPOT in ms and tokens a second and device, by requests at once.',
      [''].concat(grid.batches.map(String)),
      lines.map(line => [line.name].concat(line.points.map(point =>
        point.reason ? '' : digits(point.tpot) + ' · ' + digits(point.each)))));
  }

  function command(row) {
    return ['reprise estimate', grid.models[row.choice.model].argument, grid.platforms[row.choice.platform].argument,
      '--dtype ' + grid.types[row.choice.type], '--tp ' + row.count, '--batch ' + grid.batches[row.choice.batch],
      '--input ' + grid.inputs[row.choice.input], '--output ' + grid.outputs[row.choice.output]].join(' ');
  }

  let drawn = [];
  function draw() {
    drawBars(drawn.rows);
    drawCurves(drawn.lines);
  }

  function show() {
    const by = comparisons[value('by')];
    for (const picker of form.elements) picker.disabled = by.of.includes(picker.name);
    const all = rows();
    drawn = { rows: all, lines: curves(all) };
    const title = heading();
    document.getElementById('answer').replaceChildren(make('b', title), ' ' + summary(all));
    document.getElementById('rows').replaceChildren(table('Estimates side by side. Bound by: first the prompts, then the answers.', heads, all.map(cells)));
    document.getElementById('curve-rows').replaceChildren(curveTable(drawn.lines));
    document.getElementById('commands').textContent =
      all.filter(row => !row.reason).map(command).join('\n') || 'Nothing fits.';
    draw();
  }

  // ---- The address

  function keep() {
    const parts = new URLSearchParams();
    for (const picker of form.elements) parts.set(picker.name, picker.value);
    history.replaceState(null, '', '#' + parts);
  }

  // Takes what the address says, as far as there is such a choice; an address within the page says nothing.
  function restore() {
    if (!location.hash.includes('=')) return;
    const parts = new URLSearchParams(location.hash.slice(1));
    for (const picker of form.elements) {
      const wanted = parts.get(picker.name);
      if ([...picker.options].some(option => option.value === wanted)) picker.value = wanted;
    }
    if (parts.has('use') && !parts.has('input') && !parts.has('output')) takeUseCase();
    if (!useCase(Number(value('input')), Number(value('output')))) nameLengths();
  }

  function takeUseCase() {
    const one = grid.useCases.find(one => one.name === value('use'));
    if (!one) return;
    form.elements.input.value = one.input;
    form.elements.output.value = one.output;
  }

  function nameLengths() {
    const [input, output] = [Number(value('input')), Number(value('output'))];
    const one = grid.useCases.find(one => fits(one, input, output));
    form.elements.use.value = one ? one.name : own;
  }

  form.addEventListener('submit', event => event.preventDefault());
  form.addEventListener('change', event => {
    if (event.target.name === 'use') takeUseCase();
    if (event.target.name === 'input' || event.target.name === 'output') nameLengths();
    show();
    keep();
  });
  addEventListener('hashchange', () => { restore(); show(); });
  page.redraw(draw);
  restore();
  show();
})();
