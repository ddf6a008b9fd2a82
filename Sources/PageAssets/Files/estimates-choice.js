// What is chosen on a page of estimates: its pickers, the rows that they mean, and the address that keeps them.
function pickedEstimates(grid, form) {
  'use strict';
  const own = 'own lengths';
  const value = name => form.elements[name].value;
  const place = (list, name) => list.findIndex(one => String(one.name || one) === name);

  // Places in the grid.
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

  const each = (key, list) => list.map((one, index) => ({ name: String(one.name || one), [key]: index }));

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

  // A name, places in the grid, and limits if there are any, of each row.
  function rows() {
    const choice = chosen();
    return comparisons[value('by')].rows().map(row => {
      const full = { ...choice, ...row };
      return {
        name: row.name, choice: full,
        limits: row.limits || useCase(grid.inputs[full.input], grid.outputs[full.output]),
      };
    });
  }

  // Pickers whose place the comparison takes cannot be used.
  function disable() {
    const by = comparisons[value('by')];
    for (const picker of form.elements) picker.disabled = by.of.includes(picker.name);
  }

  // ---- Lengths and use cases, which follow each other

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

  function follow(name) {
    if (name === 'use') takeUseCase();
    if (name === 'input' || name === 'output') nameLengths();
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

  return { value, chosen, useCase, rows, disable, follow, keep, restore };
}
