/* The search leaves numbers out, but people look for 401. The guide to errors has HTTP401 and so on among its keywords. */
var splitQuery = (query) =>
  query
    .split(/[^\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/gu)
    .filter((term) => term)
    .map((term) => (/^[1-5][0-9][0-9]$/.test(term) ? `http${term}` : term));
