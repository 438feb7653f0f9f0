/**
 * Shortens the TAP of a run to what a person wants to read: a line a file, each failure with its details, each skip with its
 * reason. Give it lines one by one; what comes back is to be printed.
 */
export function shorten(): (line: string) => string[] {
  let details: string | null = null; // the indent of the failure whose details are being read
  return (line) => {
    if (details !== null) {
      if (line.startsWith(`${details}  ...`)) details = null;
      return [line];
    }
    const [, indent = '', not, text = ''] = /^( *)(not )?ok \d+ - (.*)$/.exec(line) ?? [];
    if (text === '') return [];
    const file = /^dist\/(test\/\S+)\.js(?: # time=([\d.]+)ms)?/.exec(text);
    if (file !== null && indent === '') {
      return [`${not ? 'FAIL' : 'ok  '} ${file[1]}.ts  ${(Number(file[2] ?? 0) / 1000).toFixed(1)} s`];
    }
    if (not) {
      details = indent;
      return [`${indent}not ok ${text}`];
    }
    return / # SKIP/i.test(text) ? [`     skipped: ${text.replace(/ # SKIP/i, ':')}`] : [];
  };
}
