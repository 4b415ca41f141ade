//! Conditions on the values of a point: `shards * 2 <= 12 and ttl >= 2h`.
//!
//! ```text
//! any     = all { "or" all }
//! all     = one { "and" one }
//! one     = "not" one | sum [ ("<=" | "<" | ">=" | ">" | "==" | "!=") sum ]
//! sum     = product { ("+" | "-") product }
//! product = atom { ("*" | "/") atom }
//! atom    = number [unit] | 'text' | name of an axis | "(" any ")"
//! ```
//!
//! Numbers carry their unit, so that a duration is never compared with a size.

use super::axis::{Axis, AxisValue, Dimension, Quantity};
use crate::scenario::expect::Comparison;
use crate::scenario::reader::choice::{clipped, nearest};
use crate::scenario::reader::tree::Place;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// As the scenario states it.
    pub text: String,
    pub(super) place: Option<Place>,
    expression: Expression,
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Literal(Quantity),
    Axis(usize),
    Calculate(char, Box<[Expression; 2]>),
    Compare(Comparison, Box<[Expression; 2]>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Literal(Quantity),
    Name(String),
    Sign(&'static str),
}

/// Longest condition, in bytes.
const MAX_LENGTH: usize = 500;
/// Deepest nesting.
const MAX_DEPTH: usize = 30;
/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 12] = [
    "<=", ">=", "==", "!=", "<", ">", "(", ")", "+", "-", "*", "/",
];

impl Condition {
    /// Reads a condition on the values of `axes`, or says what is wrong.
    pub(super) fn parse(text: &str, place: Option<Place>, axes: &[Axis]) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("it is longer than {MAX_LENGTH} bytes"));
        }
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
            axes,
        };
        let expression = parser.any()?;
        if let Some(token) = parser.peek() {
            return Err(format!("{} is not expected here", describe(token)));
        }
        if !is_truth(&expression) {
            return Err("it compares nothing".to_owned());
        }
        Ok(Self {
            text: text.to_owned(),
            place,
            expression,
        })
    }

    /// All of several conditions.
    pub(super) fn all(conditions: Vec<Self>) -> Self {
        let texts: Vec<&str> = conditions.iter().map(|one| &*one.text).collect();
        Self {
            text: texts.join(" and "),
            place: conditions.first().and_then(|one| one.place),
            expression: Expression::And(conditions.into_iter().map(|one| one.expression).collect()),
        }
    }

    /// Whether it holds for a point, given the value of each axis.
    ///
    /// # Errors
    /// What is compared with what it cannot be compared with.
    pub fn holds<'a>(&self, value: &dyn Fn(usize) -> &'a AxisValue) -> Result<bool, String> {
        truth(&self.expression, value)
    }
}

fn is_truth(expression: &Expression) -> bool {
    !matches!(
        expression,
        Expression::Literal(_) | Expression::Axis(_) | Expression::Calculate(..)
    )
}

fn truth<'a>(
    expression: &Expression,
    value: &dyn Fn(usize) -> &'a AxisValue,
) -> Result<bool, String> {
    match expression {
        Expression::And(parts) => {
            let mut parts = parts.iter().map(|part| truth(part, value));
            parts.try_fold(true, |all, part| Ok(part? && all))
        }
        Expression::Or(parts) => {
            let mut parts = parts.iter().map(|part| truth(part, value));
            parts.try_fold(false, |any, part| Ok(part? || any))
        }
        Expression::Not(part) => truth(part, value).map(|part| !part),
        Expression::Compare(comparison, sides) => {
            let [left, right] = &**sides;
            let (left, right) = (amount(left, value)?, amount(right, value)?);
            compare(*comparison, &left, &right)
        }
        _ => Err("a comparison is missing".to_owned()),
    }
}

fn compare(comparison: Comparison, left: &Quantity, right: &Quantity) -> Result<bool, String> {
    match (left, right) {
        (Quantity::Number(left, of), Quantity::Number(right, with)) if of == with => {
            // Numbers come out of a few operations on short decimals.
            let close = (left - right).abs() <= 1e-9 * left.abs().max(right.abs());
            let ordering = if close {
                std::cmp::Ordering::Equal
            } else {
                left.total_cmp(right)
            };
            Ok(comparison.holds(ordering))
        }
        (Quantity::Word(left), Quantity::Word(right)) => match comparison {
            Comparison::Equal => Ok(left == right),
            Comparison::Unequal => Ok(left != right),
            _ => Err("texts are only equal or not".to_owned()),
        },
        _ => Err(format!("it compares {} with {}", kind(left), kind(right))),
    }
}

fn kind(quantity: &Quantity) -> &'static str {
    match quantity {
        Quantity::Number(_, Dimension::Plain) => "a plain number",
        Quantity::Number(_, Dimension::Time) => "a duration",
        Quantity::Number(_, Dimension::Size) => "a size",
        Quantity::Number(_, Dimension::Rate) => "a rate",
        Quantity::Word(_) => "a text",
        Quantity::Opaque => "a list or a table",
    }
}

fn amount<'a>(
    expression: &Expression,
    value: &dyn Fn(usize) -> &'a AxisValue,
) -> Result<Quantity, String> {
    match expression {
        Expression::Literal(quantity) => Ok(quantity.clone()),
        Expression::Axis(axis) => Ok(value(*axis).quantity.clone()),
        Expression::Calculate(sign, sides) => {
            let [left, right] = &**sides;
            calculate(*sign, &amount(left, value)?, &amount(right, value)?)
        }
        _ => Err("a comparison stands where a number is needed".to_owned()),
    }
}

fn calculate(sign: char, left: &Quantity, right: &Quantity) -> Result<Quantity, String> {
    use Dimension::Plain;
    let (Quantity::Number(a, of), Quantity::Number(b, with)) = (left, right) else {
        return Err(format!(
            "it calculates with {} and {}",
            kind(left),
            kind(right)
        ));
    };
    let (number, dimension) = match sign {
        '+' if of == with => (a + b, *of),
        '-' if of == with => (a - b, *of),
        '*' if *with == Plain => (a * b, *of),
        '*' if *of == Plain => (a * b, *with),
        '/' if of == with => (a / b, Plain),
        '/' if *with == Plain => (a / b, *of),
        _ => {
            return Err(format!("there is no {} {sign} {}", kind(left), kind(right)));
        }
    };
    if !number.is_finite() {
        return Err("it divides by zero".to_owned());
    }
    Ok(Quantity::Number(number, dimension))
}

fn describe(token: &Token) -> String {
    match token {
        Token::Literal(_) => "a value".to_owned(),
        Token::Name(name) => format!("`{}`", clipped(name)),
        Token::Sign(sign) => format!("`{sign}`"),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = if first.is_ascii_digit() {
            let length = number_length(rest);
            tokens.push(number(&rest[..length])?);
            length
        } else if first == '\'' || first == '"' {
            let inner = &rest[1..];
            let end = inner.find(first).ok_or("a text does not end")?;
            tokens.push(Token::Literal(Quantity::parse(&inner[..end])));
            end + 2
        } else if first.is_ascii_alphabetic() || first == '_' {
            let part = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.';
            let end = rest.find(part).unwrap_or(rest.len());
            tokens.push(match &rest[..end] {
                flag @ ("true" | "false") => Token::Literal(Quantity::Word(flag.to_owned())),
                name => Token::Name(name.to_owned()),
            });
            end
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            sign.len()
        } else {
            return Err(format!("`{first}` means nothing here"));
        };
        rest = rest[taken..].trim_start();
    }
    Ok(tokens)
}

/// Bytes of the number that `text` begins with, and of its unit: `24h`, `95%`, `12/s`.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let plain = |at: usize| {
        bytes
            .get(at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%'))
    };
    let mut end = (0..bytes.len())
        .find(|&at| !plain(at))
        .unwrap_or(bytes.len());
    let is_rate = bytes.get(end) == Some(&b'/')
        && matches!(bytes.get(end + 1), Some(b's' | b'm' | b'h' | b'd'))
        && !plain(end + 2);
    if is_rate {
        end += 2;
    }
    end
}

fn number(text: &str) -> Result<Token, String> {
    if let Ok(number) = text.replace('_', "").parse::<f64>() {
        return Ok(Token::Literal(Quantity::Number(number, Dimension::Plain)));
    }
    match Quantity::parse(text) {
        Quantity::Word(_) => Err(format!("`{}` is no quantity", clipped(text))),
        quantity => Ok(Token::Literal(quantity)),
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    axes: &'a [Axis],
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take_name(&mut self, name: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(found)) if found == name);
        self.at += usize::from(found);
        found
    }

    fn take_sign(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        match self.peek() {
            Some(Token::Sign(sign)) if signs.contains(sign) => {
                let sign = *sign;
                self.at += 1;
                Some(sign)
            }
            _ => None,
        }
    }

    fn any(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        let mut parts = vec![self.all()?];
        while self.take_name("or") {
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Self::several(parts, Expression::Or)
    }

    fn all(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.one()?];
        while self.take_name("and") {
            parts.push(self.one()?);
        }
        Self::several(parts, Expression::And)
    }

    fn several(
        mut parts: Vec<Expression>,
        of: fn(Vec<Expression>) -> Expression,
    ) -> Result<Expression, String> {
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        if parts.iter().all(is_truth) {
            return Ok(of(parts));
        }
        Err("`and` and `or` join comparisons".to_owned())
    }

    fn one(&mut self) -> Result<Expression, String> {
        let mut negated = false;
        while self.take_name("not") {
            negated = !negated;
        }
        let left = self.sum()?;
        let comparisons = [
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("==", Comparison::Equal),
            ("!=", Comparison::Unequal),
            ("<", Comparison::Below),
            (">", Comparison::Above),
        ];
        let signs = comparisons.map(|(sign, _)| sign);
        let expression = match self.take_sign(&signs) {
            None => left,
            Some(sign) => {
                let right = self.sum()?;
                if is_truth(&left) || is_truth(&right) {
                    return Err("a comparison cannot be compared".to_owned());
                }
                let found = comparisons.iter().find(|(known, _)| *known == sign);
                let comparison = found.map_or(Comparison::Equal, |(_, comparison)| *comparison);
                Expression::Compare(comparison, Box::new([left, right]))
            }
        };
        match (negated, is_truth(&expression)) {
            (false, _) => Ok(expression),
            (true, true) => Ok(Expression::Not(Box::new(expression))),
            (true, false) => Err("`not` belongs before a comparison".to_owned()),
        }
    }

    fn sum(&mut self) -> Result<Expression, String> {
        self.chain(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Result<Expression, String> {
        self.chain(&["*", "/"], Self::atom)
    }

    fn chain(
        &mut self,
        signs: &[&'static str],
        next: fn(&mut Self) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        let mut left = next(self)?;
        while let Some(sign) = self.take_sign(signs) {
            let right = next(self)?;
            if is_truth(&left) || is_truth(&right) {
                return Err("a comparison is no number".to_owned());
            }
            let sign = sign.chars().next().unwrap_or('+');
            left = Expression::Calculate(sign, Box::new([left, right]));
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Expression, String> {
        if self.take_sign(&["("]).is_some() {
            let inner = self.any()?;
            return match self.take_sign(&[")"]) {
                Some(_) => Ok(inner),
                None => Err("a `)` is missing".to_owned()),
            };
        }
        let token = self.peek().cloned();
        self.at += 1;
        match token {
            Some(Token::Literal(quantity)) => Ok(Expression::Literal(quantity)),
            Some(Token::Name(name)) => self.axis(&name),
            Some(sign) => Err(format!("{} is not expected here", describe(&sign))),
            None => Err("a value is missing at the end".to_owned()),
        }
    }

    fn axis(&self, name: &str) -> Result<Expression, String> {
        if let Some(found) = position(self.axes, name) {
            return Ok(Expression::Axis(found));
        }
        let names: Vec<&str> = self.axes.iter().map(|axis| &*axis.name).collect();
        let meant = nearest(name, &names).map_or_else(
            || format!("axes are {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        Err(format!("there is no axis `{}`; {meant}", clipped(name)))
    }
}

/// The axis of that name or key.
pub(super) fn position(axes: &[Axis], name: &str) -> Option<usize> {
    axes.iter()
        .position(|axis| axis.name == name)
        .or_else(|| axes.iter().position(|axis| axis.key == name))
}
