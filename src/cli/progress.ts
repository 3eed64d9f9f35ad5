import type { ChildReport } from './child-report.ts';
import type { Output } from './output.ts';
import type { Supervisor } from './supervisor.ts';

const EVERY_MS = 2_000;

export interface Progress {
  /** Makes room for another line. */
  clear(): void;
  stop(): void;
}

/** Prints what the consortium does, a line every two seconds; on a terminal the line is written over. */
export function showProgress(supervisor: Supervisor, out: Output, wanted: boolean): Progress {
  if (out.json || !wanted) return { stop: () => undefined, clear: () => undefined };
  const terminal = process.stdout.isTTY === true;
  let before = '';
  const timer = setInterval(() => {
    const text = progressLine(
      [...supervisor.processes.values()].flatMap(({ report, exited }) => (report && !exited ? [report] : [])),
    );
    if (terminal) process.stdout.write(`\r\u001b[2K${text}`);
    else if (text !== before) process.stdout.write(`${text}\n`);
    before = text;
  }, EVERY_MS);
  return {
    clear() {
      if (terminal) process.stdout.write('\r\u001b[2K');
    },
    stop() {
      clearInterval(timer);
      if (terminal) process.stdout.write('\n');
    },
  };
}

/** The consortium in one line. */
export function progressLine(reports: readonly ChildReport[]): string {
  const height = Math.max(0, ...reports.map((report) => report.height ?? 0));
  const tasks = reports.flatMap((report) => (report.role === 'fleet' && report.tasks ? [report.tasks] : []));
  const sum = (pick: (task: { requested: number; completed: number; failed: number }) => number): number =>
    tasks.reduce((total, task) => total + pick(task), 0);
  const vouchers = reports
    .filter((report) => report.role === 'proxy')
    .reduce((total, report) => total + (report.vouchers ?? 0), 0);
  return (
    `height ${height} | nodes ${reports.reduce((total, report) => total + (report.nodes ?? 1), 0)} | tasks ${sum((task) => task.completed)} done, ` +
    `${sum((task) => task.requested) - sum((task) => task.completed) - sum((task) => task.failed)} under way, ` +
    `${sum((task) => task.failed)} failed | vouchers ${vouchers}`
  );
}
