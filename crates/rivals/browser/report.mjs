// What a program says of the checks that it was asked for: a line of JSON for each (src/driver.rs).

/** Less than what src/driver.rs takes for silence. */
const DEADLINE_MILLISECONDS = 55_000;

/** Makes a check, which throws what it saw instead. */
export async function report(check, run, milliseconds = DEADLINE_MILLISECONDS) {
  let ok = true;
  let detail = '';
  try {
    await within(run(), milliseconds);
  } catch (error) {
    ok = false;
    detail = String(error?.stack ?? error);
  }
  console.log(JSON.stringify({ check, ok, detail }));
}

function within(promise, milliseconds) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('the check took too long')), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
