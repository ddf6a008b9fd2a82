// What a page of estimates says in words about its rows.
function estimateText(grid, picked) {
  'use strict';
  const { digits } = page;
  const { value, chosen, useCase } = picked;
  const grouped = number => number.toLocaleString('en');

  // Whether a row keeps to its limits, if it has any, and how far it is from them.
  function verdict(row) {
    if (!row.limits) return { text: '', tone: '' };
    const [ttft, tpot] = [row.ttft / row.limits.ttft, row.tpot / row.limits.tpot];
    if (Math.max(ttft, tpot) <= 1) return { text: 'met', tone: 'good' };
    const worst = ttft > tpot ? 'TTFT' : 'TPOT';
    return { text: 'missed, ' + worst + ' × ' + Math.max(ttft, tpot).toPrecision(3), tone: 'bad', ttft: ttft > 1, tpot: tpot > 1 };
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

  // What prints a row in full.
  function command(row) {
    return ['reprise estimate', grid.models[row.choice.model].argument, grid.platforms[row.choice.platform].argument,
      '--dtype ' + grid.types[row.choice.type], '--tp ' + row.count, '--batch ' + grid.batches[row.choice.batch],
      '--input ' + grid.inputs[row.choice.input], '--output ' + grid.outputs[row.choice.output]].join(' ');
  }

  return { verdict, heading, summary, command };
}
