'use strict';
{
  // Colours: as the system, dark, light. Nothing is remembered outside the page.
  const themes = [['light dark', 'as the system'], ['dark', 'dark'], ['light', 'light']];
  const button = document.getElementById('theme');
  let theme = 0;
  button.hidden = false;
  button.addEventListener('click', () => {
    theme = (theme + 1) % themes.length;
    document.documentElement.style.colorScheme = themes[theme][0];
    button.textContent = 'Colours: ' + themes[theme][1];
  });

  // Tables sort by the `data-sort` of their cells: numbers largest first, then smallest first,
  // text from A to Z, then back. What is undefined stays last either way.
  const key = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
  const compare = (a, b) => {
    if (a === '' || b === '') return 0;
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
  };
  const sort = (table, header) => {
    const body = table.tBodies[0];
    const column = header.cellIndex;
    const textual = header.cellIndex === 0;
    const first = textual ? 'ascending' : 'descending';
    const second = textual ? 'descending' : 'ascending';
    const order = header.getAttribute('aria-sort') === first ? second : first;
    const sign = order === 'ascending' ? 1 : -1;
    const rows = [...body.rows].map((row) => [key(row, column), row]);
    rows.sort(([a], [b]) => (a === '') - (b === '') || sign * (textual ? a.localeCompare(b) : compare(a, b)));
    for (const other of header.parentNode.cells) other.setAttribute('aria-sort', 'none');
    header.setAttribute('aria-sort', order);
    body.append(...rows.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll('table.sorts')) {
    table.tHead.addEventListener('click', (event) => {
      const header = event.target.closest('button')?.closest('th');
      if (header) sort(table, header);
    });
  }

  // What is folded on the screen is whole on paper.
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details:not([open])')];
    for (const details of opened) details.open = true;
  });
  addEventListener('afterprint', () => {
    for (const details of opened) details.open = false;
  });
}
