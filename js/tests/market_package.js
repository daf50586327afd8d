// SPDX-License-Identifier: Apache-2.0
// zkinfer-market as people have it: the package installed beside viem.
import {cpSync, mkdirSync, readdirSync, rmSync, symlinkSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {web} from './native.js';

/** Makes `folder`/node_modules, with zkinfer-market in its .bin. */
export function installMarket(folder) {
  const modules = join(folder, 'node_modules');
  rmSync(modules, {recursive: true, force: true});
  mkdirSync(join(modules, '.bin'), {recursive: true});
  cpSync(join(web, 'zkinfer'), join(modules, 'zkinfer'), {recursive: true});
  const packages = join(web, 'npm/node_modules');
  for (const name of readdirSync(packages).filter((one) => !one.startsWith('.'))) symlinkSync(join(packages, name), join(modules, name));
  symlinkSync('../zkinfer/cli/market.js', join(modules, '.bin/zkinfer-market'));
  return join(modules, '.bin/zkinfer-market');
}
export const programFolder = dirname(process.env.ZKINFER);
