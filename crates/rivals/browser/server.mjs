// Our server, which a check can end and start again on the same port.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const START_STEP_MILLISECONDS = 20;
const START_STEPS = 500;

export class Server {
  #binary;
  #ports;
  #child;
  #options;
  #bind = '127.0.0.1:0';

  /** A server of this binary; its ports file gets this path. */
  constructor(binary, ports, options = []) {
    this.#binary = binary;
    this.#ports = ports;
    this.#options = options;
    // Whatever ends this program ends the server.
    process.on('exit', () => this.#child?.kill('SIGKILL'));
  }

  /** Another one of the same binary, with these options. */
  another(options) {
    return new Server(this.#binary, `${this.#ports}.another`, options);
  }

  get url() {
    return `http://${this.#bind}/`;
  }

  /** Starts it: on any free port at first, and on the same one ever after. */
  async start() {
    rmSync(this.#ports, { force: true });
    const options = ['serve', '--bind', this.#bind, '--workers', '2', '--ports-file', this.#ports];
    this.#child = spawn(this.#binary, [...options, ...this.#options], { stdio: 'ignore' });
    this.#child.once('error', () => {});
    for (let step = 0; step < START_STEPS; step++) {
      if (existsSync(this.#ports)) {
        this.#bind = readFileSync(this.#ports, 'utf8').trim();
        return;
      }
      await sleep(START_STEP_MILLISECONDS);
    }
    throw new Error(`${this.#binary} did not start on ${this.#bind}`);
  }

  /** Ends it with this signal, and waits for that. */
  async end(signal) {
    const end = once(this.#child, 'exit');
    this.#child.kill(signal);
    await end;
  }
}
