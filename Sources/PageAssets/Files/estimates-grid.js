// The figures of the grid that a page of estimates carries, by what is chosen.
function gridFigures(grid) {
  'use strict';
  const { digits } = page;
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
    const energy = packed(grid.energy[row], long);
    return {
      count, memory, energy: energy && energy.value, ttft: first.value, tpot: next.value, whole, rate, each: rate / count,
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

  // The same row at every batch, on as many devices.
  function curve(row) {
    const devices = row.count ? grid.devices.indexOf(row.count)
      : row.choice.devices >= 0 ? row.choice.devices : grid.devices.length - 1;
    const points = grid.batches.map((_, batch) => estimate({ ...row.choice, batch, devices }));
    return { name: row.name, limits: row.limits, points };
  }

  return { answer, curve };
}
