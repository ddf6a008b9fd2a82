// Compares estimates: what is chosen is looked up in the grid beside this script, and shown.
(function () {
  'use strict';
  const grid = page.data('grid');
  if (!grid) return;
  const form = document.getElementById('pickers');
  const figures = gridFigures(grid);
  const picked = pickedEstimates(grid, form);
  const text = estimateText(grid, picked);
  const tables = estimateTables(grid, text);
  const plots = estimatePlots(grid, picked);
  let rows = [];
  let curves = [];

  function draw() {
    plots.drawBars(rows);
    plots.drawCurves(curves);
  }

  function show() {
    picked.disable();
    rows = picked.rows().map(row => ({ ...row, ...figures.answer(row.choice) }));
    // Batches are points of one curve.
    curves = picked.value('by') === 'batches'
      ? [figures.curve({ ...rows[0], name: picked.value('platform') })] : rows.map(figures.curve);
    document.getElementById('answer').replaceChildren(page.make('b', text.heading()), ' ' + text.summary(rows));
    document.getElementById('rows').replaceChildren(tables.rowTable(rows));
    document.getElementById('curve-rows').replaceChildren(tables.curveTable(curves));
    document.getElementById('commands').textContent =
      rows.filter(row => !row.reason).map(text.command).join('\n') || 'Nothing fits.';
    draw();
  }

  form.addEventListener('submit', event => event.preventDefault());
  form.addEventListener('change', event => {
    picked.follow(event.target.name);
    show();
    picked.keep();
  });
  addEventListener('hashchange', () => { picked.restore(); show(); });
  page.redraw(draw);
  picked.restore();
  show();
})();
