// SPDX-License-Identifier: Apache-2.0
// In the place of js/src/own_module.js, in a worker: what its page gave it.

const given = {};

export function giveModules(modules) {
  Object.assign(given, modules);
}

export async function ownModule(name) {
  return given[name];
}
