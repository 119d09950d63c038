import { Window } from '../../src/bus/window.js';

it('hands over in order as rooms become free, and forgets what is old', () => {
  const window = new Window(2);
  const handed: string[] = [];
  let old = false;
  const enter = (name: string, isCurrent: () => boolean): void =>
    window.enter(() => {
      handed.push(name);
      return true;
    }, isCurrent);
  enter('a', () => true);
  enter('b', () => true);
  enter('c', () => !old);
  enter('d', () => true);
  expect(handed).toEqual(['a', 'b']);
  old = true;
  window.forgetOld();
  window.leave();
  expect(handed).toEqual(['a', 'b', 'd']);
});
