// What the scripts of all pages share.
const page = (function () {
  'use strict';
  const root = document.documentElement;
  const colour = name => getComputedStyle(root).getPropertyValue('--' + name).trim() || name;
  // Paper shows everything.
  let closed = [];
  addEventListener('beforeprint', () => {
    closed = [...document.querySelectorAll('details:not([open])')];
    for (const part of closed) part.open = true;
  });
  addEventListener('afterprint', () => { for (const part of closed) part.open = false; });
  return {
    colour,
    // A number with at least four digits.
    digits(number) {
      return Math.abs(number) >= 1000 ? Math.round(number).toLocaleString('en') : Number(number).toPrecision(4);
    },
    // An element with a text and attributes.
    make(name, text, attributes) {
      const element = document.createElement(name);
      if (text != null) element.textContent = text;
      for (const key in attributes) element.setAttribute(key, attributes[key]);
      return element;
    },
    // An axis of a plot in the page's colours.
    axis: more => Object.assign({
      stroke: colour('quiet'), grid: { stroke: colour('grid'), width: 1 },
      ticks: { stroke: colour('grid'), width: 1 }, font: '11px sans-serif',
    }, more),
    // The data of an element, where scripts can draw them; that they run is told to the style.
    data(id) {
      const source = document.getElementById(id);
      if (!source || typeof uPlot === 'undefined') return null;
      root.classList.add('scripted');
      return JSON.parse(source.textContent);
    },
    // Draws again whenever the page's width or colours change.
    redraw(draw) {
      let waiting = 0;
      addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(draw, 150); });
      matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    },
  };
})();
