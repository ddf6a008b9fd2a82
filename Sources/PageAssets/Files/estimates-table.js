// The tables of a page of estimates: its rows, and its curves in numbers.
function estimateTables(grid, text) {
  'use strict';
  const { digits, make } = page;

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
    '$/M tokens', 'J/token', 'GiB of device', 'bound by'];

  function rowCells(row) {
    if (row.reason) return [row.name, [row.reason, 'left wrap doubt', heads.length - 1]];
    const said = text.verdict(row);
    const late = isLate => isLate ? 'right bad' : 'right';
    return [
      row.name, [said.text, 'left ' + said.tone], String(row.count), [digits(row.ttft), late(said.ttft)],
      [digits(row.tpot), late(said.tpot)], digits(row.whole / 1000), digits(row.rate), digits(row.each),
      row.cost == null ? 'no price' : digits(row.cost),
      row.energy == null ? 'not known' : digits(row.energy),
      digits(row.memory) + ' of ' + grid.platforms[row.choice.platform].memory,
      [[...new Set(row.bounds)].map(name => name === 'latency' ? 'launches' : name).join(' / '), 'left'],
    ];
  }

  function rowTable(rows) {
    return table('Estimates side by side. Bound by: first the prompts, then the answers.', heads, rows.map(rowCells));
  }

  function curveTable(lines) {
    return table('TPOT in ms and tokens a second and device, by requests at once.',
      [''].concat(grid.batches.map(String)),
      lines.map(line => [line.name].concat(line.points.map(point =>
        point.reason ? '' : digits(point.tpot) + ' · ' + digits(point.each)))));
  }

  return { rowTable, curveTable };
}
