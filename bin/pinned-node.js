'use strict';

// Plain JavaScript of the kind that every Node since 12 reads: it must run far enough to say that Node is too old.

var fs = require('fs');
var path = require('path');

/** From here on Node runs TypeScript as it is. */
var MINIMUM = [22, 18, 0];

/** The Node that the lock file brings along, or undefined where none is installed for this machine. */
function findPinnedNode(root) {
  var name = process.platform === 'win32' ? 'node.exe' : 'node';
  var platform = process.platform === 'win32' ? 'win' : process.platform;
  var candidates = [
    path.join(root, 'node_modules', 'node-' + platform + '-' + process.arch, 'bin', name),
    path.join(root, 'node_modules', '.bin', name)
  ];
  for (var at = 0; at < candidates.length; at++) {
    try {
      return fs.realpathSync(candidates[at]);
    } catch (error) {
      // Not there: the next one.
    }
  }
  return undefined;
}

/** True when a version such as "v22.18.1" runs Treadle. */
function isNewEnough(version) {
  var parts = version.replace(/^v/, '').split('-')[0].split('.').map(Number);
  for (var at = 0; at < MINIMUM.length; at++) {
    if (parts[at] !== MINIMUM[at]) return parts[at] > MINIMUM[at];
  }
  return true;
}

/** The one line for somebody whose Node is too old. */
function tooOld(root) {
  return (
    'treadle: this is Node ' + process.version + ', Treadle needs ' + MINIMUM.join('.') + ' or newer. ' +
    'Run "npm ci" in ' + root + ', which brings the right one along, or install Node 24.'
  );
}

module.exports = { findPinnedNode: findPinnedNode, isNewEnough: isNewEnough, tooOld: tooOld };
